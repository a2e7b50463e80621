/** `zoo`: the published PSPNets of which pspc has specs, with what they cost and score. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { command, flag, restPositionals, string } from "cmd-ts";
import { type Published, zooTable } from "../../report/zoo.js";
import { exit } from "../exit.js";
import { print, printJson } from "../terminal.js";
import { verb } from "../verb.js";
import { unknownNetwork } from "./errors.js";

const specs = new URL("../../../specs/zoo/", import.meta.url);

export const published = (): readonly Published[] =>
  // A file of the package, which a test holds to its specs.
  JSON.parse(readFileSync(new URL("zoo.json", specs), "utf8")) as readonly Published[];

/** The spec of a published network. @throws Misused where there is none of this name */
export const specNamed = (name: string): string => {
  const names = published().flatMap((each) => (each.missing === undefined ? [each.name] : []));
  if (!names.includes(name)) throw unknownNetwork(name, names);
  return fileURLToPath(new URL(`${name}.yaml`, specs));
};

/** Whether every word stands somewhere in what the list says of a network. */
const has =
  (words: readonly string[]) =>
  ({ name, from, backbone = "", data }: Published): boolean => {
    const all = [name, from, backbone, data].join(" ").toLowerCase();
    return words.every((word) => all.includes(word.toLowerCase()));
  };

export const run = verb((terminal) =>
  command({
    name: "zoo",
    description:
      "Lists the published PSPNets, each a spec to train, to compare, or to begin with (`init FOLDER --like NAME`).",
    args: {
      words: restPositionals({
        type: string,
        displayName: "WORD",
        description: "only those that have all of these words: zoo cityscapes resnet-18",
      }),
      json: flag({ long: "json", description: "as JSON" }),
    },
    handler: async ({ words, json }) => {
      const found = published().filter(has(words));
      if (json) printJson(terminal, found);
      else print(terminal, zooTable(found));
      return exit.ok;
    },
  }),
);
