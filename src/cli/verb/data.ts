/** `data check`, `data stats`, `data browse`: what the files of a spec's data hold. */

import { command } from "cmd-ts";
import { several } from "../../data/errors.js";
import { Failed } from "../../diagnostic/failure.js";
import { didYouMean } from "../../diagnostic/nearest.js";
import { dataCheckJson, dataCheckText, dataStatsJson, dataStatsText } from "../../report/data.js";
import { checkData } from "../../run/check-data.js";
import { jsonFlag, specArguments, splitOption } from "../arguments.js";
import { exit, Misused } from "../exit.js";
import { follow } from "../follow.js";
import { openData } from "../read.js";
import { print, printJson, tell } from "../terminal.js";
import { type Verb, verb } from "../verb.js";

const check = verb((terminal) =>
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

const stats = verb((terminal) =>
  command({
    name: "data stats",
    description:
      "Counts sizes and the pixels of each class; weights the classes by median frequency.",
    args: { ...specArguments, split: splitOption, json: jsonFlag },
    handler: async ({ json, split, ...request }) => {
      const data = openData(request, json);
      const { answer } = await follow(terminal, (signal) => checkData(data, [split], signal));
      for (const found of answer.splits) {
        const [failure, ...more] = found.failures;
        // Counts of half a split would be taken for those of the whole.
        if (failure !== undefined)
          throw new Failed(more.length === 0 ? failure : several(found.failures));
        if (json) printJson(terminal, dataStatsJson(found, data.classes));
        else print(terminal, dataStatsText(found, data.classes));
      }
      return exit.ok;
    },
  }),
);

const actions: Readonly<Record<string, () => Promise<Verb>>> = {
  check: async () => check,
  stats: async () => stats,
  browse: async () => (await import("./data-browse.js")).run,
};

const help = `data check SPEC    reads every pair of every split, and says which are wrong and how
data stats SPEC    sizes, pixels of each class, class weights for the spec
data browse SPEC   a page and a sheet of pictures, labels, and what training makes of them

\`pspc data check --help\` lists the arguments of an action.`;

export const run: Verb = async (terminal, [word, ...rest]) => {
  if (word === undefined) {
    tell(terminal, help);
    return exit.usage;
  }
  if (["--help", "-h"].includes(word)) {
    print(terminal, help);
    return exit.ok;
  }
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (action === undefined) {
    const near = didYouMean(word, Object.keys(actions))[0];
    throw new Misused(
      `there is no \`data ${word}\``,
      near ?? "data check, data stats, data browse",
    );
  }
  const verbOf = await action();
  return verbOf(terminal, rest);
};
