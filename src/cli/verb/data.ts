/** `data check`: a spec enters; every picture and label of its splits is read, and what is wrong with them leaves. */

import { command, oneOf, positional } from "cmd-ts";
import { checkSamples } from "../../data/check.js";
import { openSplit, type Split } from "../../data/layout.js";
import type { Failure } from "../../diagnostic/failure.js";
import type { Data } from "../../normalize/experiment.js";
import { count } from "../../report/number.js";
import { jsonFlag, specArguments } from "../arguments.js";
import { exit } from "../exit.js";
import { progressOn } from "../progress.js";
import { open } from "../read.js";
import { print, printJson, type Terminal } from "../terminal.js";
import { verb } from "../verb.js";

interface SplitCheck {
  readonly split: Split;
  readonly images: number;
  readonly sizes: readonly {
    readonly height: number;
    readonly width: number;
    readonly count: number;
  }[];
  readonly failures: readonly Failure[];
}

export const run = verb((terminal) =>
  command({
    name: "data",
    description: "Reads every image and label that a spec names.",
    args: {
      action: positional({ type: oneOf(["check"]), displayName: "check" }),
      ...specArguments,
      json: jsonFlag,
    },
    handler: async ({ json, target, overrides }) => {
      const { resolved } = await open(terminal, { target, overrides }, json);
      const checks: SplitCheck[] = [];
      for (const split of ["train", "val", "test"] as const) {
        const { data } = resolved.experiment;
        if (data[split] !== null) checks.push(await checkSplit(terminal, data, split));
      }
      if (json) printJson(terminal, checks);
      else print(terminal, checks.map(text).join("\n"));
      return checks.every(({ failures }) => failures.length === 0) ? exit.ok : exit.wrong;
    },
  }),
);

const checkSplit = async (terminal: Terminal, data: Data, split: Split): Promise<SplitCheck> => {
  const samples = await openSplit(data, split);
  const progress = progressOn(terminal);
  try {
    const checked = await checkSamples(samples, data, (done, total) =>
      progress.show({ kind: "progress", what: `checking ${split}`, done, total }),
    );
    return { split, images: samples.length, ...checked };
  } finally {
    progress.close();
  }
};

const text = ({ split, images, sizes, failures }: SplitCheck): string =>
  [
    `${split}: ${count(images)} images, ${failures.length === 0 ? "all well" : `${count(failures.length)} mistakes`}`,
    ...sizes.map(({ height, width, count: n }) => `  ${height}×${width}: ${count(n)}`),
    ...failures.map(({ message, reason }) =>
      reason === undefined ? `  ${message}` : `  ${message}: ${reason}`,
    ),
  ].join("\n");
