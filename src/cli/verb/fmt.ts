/** `fmt`: puts the keys of spec files into canonical order, in place. */

import { realpathSync } from "node:fs";
import { command, flag, restPositionals, type Type } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import { writeFileAtomic } from "../../data/write.js";
import { Failed } from "../../diagnostic/failure.js";
import { readText } from "../../file/text.js";
import { format } from "../../language/format.js";
import { isModule } from "../../source/module.js";
import { parse } from "../../source/yaml.js";
import { nothingToFormat, notYaml } from "../errors.js";
import { exit } from "../exit.js";
import { print, type Terminal, tellDiagnostics } from "../terminal.js";
import { verb } from "../verb.js";

const file: Type<string, string> = { from: async (text) => text, displayName: "FILE" };

export const run = verb((terminal) =>
  command({
    name: "fmt",
    description: "Puts the keys of specs into canonical order, in place; comments stay.",
    args: {
      files: restPositionals({ type: file }),
      check: flag({
        long: "check",
        description: "write nothing; exit 1 where something would change",
      }),
    },
    handler: async ({ files, check }) => {
      if (files.length === 0) throw nothingToFormat();
      const outcomes = [];
      for (const name of files) outcomes.push(await formatted(terminal, name, check));
      for (const [i, name] of files.entries()) if (outcomes[i] === "changed") print(terminal, name);
      const wrong = outcomes.includes("wrong") || (check && outcomes.includes("changed"));
      return wrong ? exit.wrong : exit.ok;
    },
  }),
);

type Outcome = "same" | "changed" | "wrong";

/** A file that is no YAML is reported with the place of the mistake, and left alone. */
const formatted = async (terminal: Terminal, name: string, check: boolean): Promise<Outcome> => {
  const text = read(name);
  const tree = parse(name, text);
  if (E.isLeft(tree)) {
    tellDiagnostics(terminal, tree.left, new Map([[name, text]]));
    return "wrong";
  }
  const better = format(text);
  if (better === text) return "same";
  if (!check) await writeFileAtomic(realpathSync(name), better);
  return "changed";
};

const read = (name: string): string => {
  if (isModule(name)) throw new Failed(notYaml(name));
  const text = readText(name);
  if (E.isLeft(text)) throw new Failed(text.left);
  return text.right;
};
