/** `data check`: a spec enters; every picture and label of its splits is read, and what is wrong with them leaves. */

import { command } from "cmd-ts";
import { dataCheckJson, dataCheckText } from "../../report/data-check.js";
import { checkData } from "../../run/check-data.js";
import { jsonFlag, specArguments } from "../arguments.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { openData } from "../read.js";
import { print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "data check",
    description:
      "Reads every image and label that a spec names; what has not changed is not read again.",
    args: { ...specArguments, json: jsonFlag },
    handler: async ({ json, ...request }) => {
      const data = openData(request, json);
      const splits = (["train", "val", "test"] as const).filter((split) => data[split] !== null);
      const { answer } = await follow(terminal, (signal) => checkData(data, splits, signal));
      if (json) printJson(terminal, dataCheckJson(answer, data.classes));
      else print(terminal, dataCheckText(answer, data.classes));
      return answer.splits.every(({ failures }) => failures.length === 0) ? exit.ok : exit.wrong;
    },
  }),
);
