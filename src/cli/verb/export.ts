/** `export`: a trained network for other programs, or its weights alone; the ending of `--to` decides. */

import { command, flag, oneOf, option, optional, type Type } from "cmd-ts";
import { writeFileAtomic } from "../../data/write.js";
import { Failed, orThrow, valueOrThrow } from "../../diagnostic/failure.js";
import type { Size } from "../../language/geometry.js";
import type { Experiment } from "../../normalize/experiment.js";
import { sizeName } from "../../plan/graphs.js";
import { type Answer, answers, scoresOf } from "../../plan/inference.js";
import type { Program } from "../../plan/program.js";
import { bytes } from "../../report/format.js";
import { featureOf, leastSide } from "../../rules/crops.js";
import { type Check, NOISE } from "../../run/checked.js";
import { readSafetensors, weightsOf } from "../../run/checkpoint.js";
import { choicesFor, type Exported, exportNetwork, formats } from "../../run/export.js";
import { exportTooSmall, noLogits } from "../../run/export-errors.js";
import type { Trained } from "../../run/inference.js";
import { page } from "../../runtime/page.js";
import type { Precision } from "../../target/format.js";
import { networkVariables, skeletonOf } from "../../weights/fit.js";
import { averaged, load, select } from "../../weights/load.js";
import { nameMaps } from "../../weights/name-maps.js";
import { exported } from "../../weights/names.js";
import { withWeights } from "../../weights/open.js";
import { encodeSafetensors } from "../../weights/safetensors.js";
import type { Tensor } from "../../weights/tensor.js";
import {
  deviceOption,
  sizeOption,
  textOption,
  trainedArguments,
  weightsArguments,
} from "../arguments.js";
import { unknownEnding } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { needTensorFlow } from "../setup.js";
import { print, type Terminal, tell } from "../terminal.js";
import { network } from "../trained.js";
import { verb } from "../verb.js";
import { exportNeedsFile, noForms, noPrecision, notOfWeights } from "./errors.js";

const SAFETENSORS = ".safetensors";
const endings = [...formats.map(({ ending }) => ending), SAFETENSORS];

const answersType: Type<string, readonly Answer[]> = {
  displayName: "NAMES",
  from: async (text) => {
    const words = text.split(",").map((word) => word.trim());
    const strange = words.find((word) => !(answers as readonly string[]).includes(word));
    if (strange !== undefined)
      throw new Error(`expected some of ${answers.join(", ")}, found ${strange}`);
    return answers.filter((name) => words.includes(name));
  },
};

export const exportVerb = verb((terminal, argv) =>
  command({
    name: "export",
    description:
      "Writes a trained network for other programs, checked by running it there, or its weights alone: the ending of --to decides.",
    args: {
      ...trainedArguments,
      ...weightsArguments,
      to: textOption("to", "NAME.ENDING", `what to write: ${endings.join(", ")}`),
      size: sizeOption("the pictures that it takes, as 473x473; the crop otherwise"),
      anySize: flag({
        long: "any-size",
        description: "takes pictures of any size, and scales them to --size in the graph",
      }),
      as: option({
        long: "as",
        type: optional(oneOf(["evaluated"])),
        description: "evaluated: looks as `evaluate` says, with its windows, scales and mirror",
      }),
      give: option({
        long: "give",
        type: optional(answersType),
        description: `what it answers, of ${answers.join(", ")}, between commas; classes otherwise`,
      }),
      numbers: option({
        long: "numbers",
        type: optional(oneOf<Precision>(["f32", "f16", "u8"])),
        description: "how its weights are stored: f32, f16 or u8; f32 otherwise",
      }),
      forms: flag({
        long: "forms",
        description:
          "of .onnx: large layers in Winograd's form, faster; small ones stay as they are",
      }),
      checked: flag({
        long: "checked",
        description: "fails where the runtime that would check it is absent",
      }),
      names: option({
        long: "names",
        type: optional(oneOf(nameMaps.map(({ name }) => name))),
        description: `of safetensors: whose names, of ${nameMaps.map(({ name }) => name).join(", ")}`,
      }),
      device: deviceOption,
    },
    handler: async ({ run, best, weights, to: typed, names, ...rest }) => {
      const { size, give, numbers, checked, device, anySize, as, forms, ...request } = rest;
      if (typed === undefined) throw exportNeedsFile();
      const to = typed.replace(/[\\/]+$/, "");
      const format = formats.find(({ ending }) => to.endsWith(ending));
      if (format === undefined && !to.endsWith(SAFETENSORS)) throw unknownEnding(to, endings);
      const idle =
        format === undefined
          ? given({ size, give, numbers, as, forms, checked, "any-size": anySize })
          : given(format === page ? { names, give, "any-size": anySize } : { names });
      if (idle.length > 0) throw notOfWeights(to, idle);
      if (format !== undefined && numbers !== undefined && !format.precisions.includes(numbers))
        throw noPrecision(format.name, numbers, format.precisions);
      if (forms && format?.forms === undefined) throw noForms(to);
      const { program, from } = await network(terminal, request, { run, best, weights });
      if (format === undefined) {
        await writeWeights(terminal, program, from, to, names ?? "pspc");
        return exit.ok;
      }
      const { experiment } = program;
      const choices = choicesFor(experiment, {
        size: size && { height: size[0], width: size[1] },
        anySize,
        look: as,
        give,
        precision: numbers,
        forms,
      });
      if (give?.includes("logits") && scoresOf(experiment, choices.look) !== "logits")
        throw new Failed(noLogits());
      demandFits(experiment, choices.size);
      await needTensorFlow(terminal);
      const { answer } = await follow(terminal, (signal) =>
        exportNetwork({
          ...from,
          program,
          format,
          to,
          choices,
          mustBeChecked: checked,
          device,
          command: ["npx pspc export", ...argv.map(quoted)].join(" "),
          signal,
        }),
      );
      if (answer === null) return exit.interrupted;
      tell(terminal, exportedText(answer));
      print(terminal, to);
      return exit.ok;
    },
  }),
);

/** Of options by name, those that were typed. */
const given = (options: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(options).flatMap(([name, value]) =>
    value === undefined || value === false ? [] : [name],
  );

/** As a shell takes it. */
const quoted = (word: string): string =>
  /^[\w@%+=:,./#-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** @throws Failed where a bin of the pyramid finds fewer pixels than it has cells. */
const demandFits = ({ model }: Experiment, size: Size): void => {
  const feature = featureOf([size.height, size.width], model);
  const most = Math.max(...(model.pyramid?.bins ?? [1]));
  if (most <= Math.min(...feature)) return;
  throw new Failed(exportTooSmall(sizeName(size), feature.join("×"), most, leastSide(most, model)));
};

const exportedText = ({ to, bytes: size, check }: Exported): string =>
  `${to}: ${bytes(size)} · ${checkText(check)}`;

const checkText = (check: Check): string => {
  if ("unchecked" in check) return `not checked: ${check.unchecked}`;
  const { runtime, pictures, classes, logits, probabilities, milliseconds } = check;
  return [
    ...(classes === null ? [] : [`${(100 * classes).toFixed(3)} % of the classes equal`]),
    ...(logits === null ? [] : [`logits within ${logits.toExponential(1)} of the largest`]),
    ...(probabilities === null || logits !== null
      ? []
      : [`probabilities within ${probabilities.toExponential(1)}`]),
    `${milliseconds.toFixed(1)} ms a picture in ${runtime}`,
    ...(pictures.every((name) => name === NOISE) ? ["checked on noise: no data at hand"] : []),
  ].join(" · ");
};

const writeWeights = async (
  terminal: Terminal,
  program: Program,
  from: Trained,
  to: string,
  names: string,
): Promise<void> => {
  const map = nameMaps.find(({ name }) => name === names)!;
  const ours = await weightsFrom(program, from);
  const { experiment } = program;
  const variables = networkVariables(experiment, "train");
  const { tensors, left } = exported(ours, variables, map, skeletonOf(experiment.model));
  const { graph, program: name } = program.fingerprint;
  const marks = { format: "pspc", names, graph, program: name };
  await writeFileAtomic(to, encodeSafetensors(tensors, marks));
  if (left.length > 0)
    tell(
      terminal,
      `note: ${map.of} have no head: ${left.length} of ${ours.size} tensors stay here`,
    );
  print(terminal, to);
};

/** The whole network's, its auxiliary head among them. */
const weightsFrom = async (
  { experiment }: Program,
  from: Trained,
): Promise<ReadonlyMap<string, Tensor>> => {
  const variables = networkVariables(experiment, "train");
  if ("folder" in from) {
    const file = weightsOf(from.folder);
    const { tensors } = await readSafetensors(file);
    return valueOrThrow(select(averaged(tensors), variables, file));
  }
  return orThrow(withWeights(from.weights, (opened) => load(opened, variables, experiment.model)));
};
