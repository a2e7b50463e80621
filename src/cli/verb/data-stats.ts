/** `data stats`: a spec enters; what the labels of a split hold leaves, and class weights to paste into the spec. */

import { command } from "cmd-ts";
import { several } from "../../data/errors.js";
import { Failed } from "../../diagnostic/failure.js";
import { dataStatsJson, dataStatsText } from "../../report/data-stats.js";
import { checkData } from "../../run/check-data.js";
import { jsonFlag, specArguments, splitOption } from "../arguments.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { openData } from "../read.js";
import { hasColour, print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "data stats",
    description:
      "Counts sizes and the pixels of each class; weights the classes by median frequency.",
    args: { ...specArguments, split: splitOption, json: jsonFlag },
    handler: async ({ json, split, ...request }) => {
      const data = openData(request, json);
      const { answer } = await follow(terminal, (signal) => checkData(data, [split], signal));
      const check = answer.splits[0]!;
      // Counts of half a split would be taken for those of the whole.
      if (check.failures.length === 1) throw new Failed(check.failures[0]!);
      if (check.failures.length > 1) throw new Failed(several(check.failures));
      if (json) printJson(terminal, dataStatsJson(check, data.classes));
      else print(terminal, dataStatsText(check, data.classes, hasColour(terminal.out)));
      return exit.ok;
    },
  }),
);
