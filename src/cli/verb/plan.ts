/** `plan`: layers, costs, memory and rates of a spec, or what differs from another plan; nothing is trained. */

import { command, flag, number, option, optional, type Type } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import { openSplit } from "../../data/layout.js";
import { writeFileAtomic } from "../../data/write.js";
import { Failed } from "../../diagnostic/failure.js";
import { readRegular } from "../../file/regular.js";
import { unreadable } from "../../file/text.js";
import { bytesIn } from "../../language/train.js";
import type { Data } from "../../normalize/experiment.js";
import { drawing } from "../../play/drawing.js";
import { type Plan, plan } from "../../report/plan.js";
import { planDifference, planDifferenceText } from "../../report/plan-difference.js";
import { planText } from "../../report/plan-text.js";
import { type ComparablePlan, readPlan } from "../../report/saved-plan.js";
import { kernelsHere, speedsFrom } from "../../run/kernels.js";
import { lower } from "../../tensorflow/target.js";
import {
  imageOption,
  isOverride,
  jsonFlag,
  nameOf,
  othersArguments,
  type Pair,
  pairOf,
  type Target,
  textOption,
} from "../arguments.js";
import { notAPlan, planOfOtherFormat } from "../errors.js";
import { type ExitCode, exit } from "../exit.js";
import { open } from "../read.js";
import { print, printJson, type Terminal } from "../terminal.js";
import { verb } from "../verb.js";
import { svgOfTwo } from "./errors.js";

const sizeType: Type<string, number> = {
  displayName: "SIZE",
  from: async (text) => {
    const bytes = bytesIn(text);
    if (Number.isNaN(bytes)) throw new Error(`expected a size as 8GiB, found ${text}`);
    return bytes;
  },
};

interface Asked {
  readonly overrides: readonly string[];
  readonly runCode: boolean;
  readonly json: boolean;
  readonly memory: number | undefined;
  readonly image: readonly [number, number] | undefined;
  readonly svg: string | undefined;
  readonly devices: number;
}

export const run = verb((terminal) =>
  command({
    name: "plan",
    description: "The network as a table, what it costs and how it is trained; nothing runs.",
    args: {
      ...othersArguments,
      json: jsonFlag,
      layers: flag({ long: "layers", description: "a row for every convolution" }),
      memory: option({
        long: "memory",
        type: optional(sizeType),
        description: "the largest batch that trains in so much: 8GiB",
      }),
      image: imageOption(
        "the image whose prediction's memory is told; of the crop's size otherwise",
      ),
      devices: option({
        long: "devices",
        type: { ...number, displayName: "N" },
        description:
          "memory of each of N devices, bytes on the wire, and how a step grows, on paper",
        defaultValue: () => 1,
      }),
      out: textOption("out", "FILE", "saves the plan, to be compared later"),
      svg: textOption("svg", "FILE", "draws the network there, as the paper's figure 3 does"),
      diff: flag({ long: "diff", description: "what differs between two specs or saved plans" }),
      exitCode: flag({
        long: "exit-code",
        description: "with --diff: exit with 2 where they differ",
      }),
    },
    handler: async ({ target, others, layers, out, diff, exitCode, ...request }) => {
      const asked = { ...request, overrides: others.filter(isOverride) };
      const options = { everyLayer: layers };
      const [first, second] = pairOf("plan", target, others, diff);
      if (second !== undefined) {
        if (asked.svg !== undefined) throw svgOfTwo();
        const both: Pair<ComparablePlan> = [
          await eitherPlan(terminal, first, asked),
          await eitherPlan(terminal, second, asked),
        ];
        const found = planDifference([nameOf(first), nameOf(second)], both);
        if (asked.json) printJson(terminal, found);
        else print(terminal, planDifferenceText(both, found, options));
        return exitCode && !found.same ? exit.differs : exit.ok;
      }
      const planned = await planOf(terminal, first, asked);
      if (out !== undefined) await writeFileAtomic(out, `${JSON.stringify(planned, null, 2)}\n`);
      if (asked.json) printJson(terminal, planned);
      else print(terminal, planText(planned, options));
      return exit.ok satisfies ExitCode;
    },
  }),
);

const planOf = async (terminal: Terminal, target: Target, asked: Asked): Promise<Plan> => {
  const { overrides, runCode, json, memory, image, devices, svg } = asked;
  const { resolved, variants } = await open(
    terminal,
    { target, overrides, runCode, devices },
    json,
  );
  const { experiment, training, recompute, fingerprint } = lower(resolved.experiment);
  const planned = plan({
    experiment,
    training,
    recompute,
    fingerprint: fingerprint.program,
    variants,
    kernels: kernelsHere("auto"),
    speeds: speedsFrom("auto"),
    images: await imageCount(experiment.data),
    available: memory,
    image,
    devices,
  });
  const { layers } = planned;
  if (svg !== undefined)
    await writeFileAtomic(svg, `${drawing({ experiment, layers, isAlone: true }).svg}\n`);
  return planned;
};

/** A plan needs no data: where there is none, its length stays unknown. */
const imageCount = async (data: Data): Promise<number | null> => {
  try {
    return (await openSplit(data, "train")).length;
  } catch (error) {
    if (error instanceof Failed) return null;
    throw error;
  }
};

/** A spec's plan, or one that was saved. */
const eitherPlan = async (
  terminal: Terminal,
  target: Target,
  asked: Asked,
): Promise<ComparablePlan> =>
  isSavedPlan(target) ? savedPlan(target.entry) : planOf(terminal, target, asked);

/** JSON is YAML too: a spec says which language it is in, and a plan that it is one. */
const isSavedPlan = ({ entry, variant }: Target): boolean =>
  variant === undefined &&
  entry.endsWith(".json") &&
  !/"pspc"\s*:/.test(textOf(entry).slice(0, 200));

/** @throws Failed where the file cannot be read, or holds no plan of a format that is known here. */
const savedPlan = (file: string): ComparablePlan => {
  const read = readPlan(textOf(file));
  if (E.isRight(read)) return read.right;
  const { format } = read.left;
  throw new Failed(format === null ? notAPlan(file) : planOfOtherFormat(file, format));
};

const textOf = (file: string): string => {
  const read = readRegular(file);
  if (E.isLeft(read)) throw new Failed(unreadable(file, read.left));
  return read.right.toString("utf8");
};
