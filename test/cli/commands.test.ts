/** The commands of README and docs: verbs, options, files and scripts that they name are there, and the quick ones run. */

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { blocks, callsOf, inText, notRun, whyNot } from "../../scripts/commands.mjs";
import { type Completed, table } from "../../src/cli/verb/completion.js";
import { verbs } from "../../src/cli/verbs.js";
import { pspc } from "./captured.js";

const lines = [...blocks(), ...inText()];
const calls = lines.flatMap(({ page, line }) =>
  callsOf(line.replace(/[[\]]/g, "")).map((words) => ({ page, line, words })),
);

let known: readonly Completed[] = [];
beforeAll(async () => {
  known = await table(verbs);
});

describe("the commands of README and docs", () => {
  it("are of verbs and options that there are", () => {
    expect(calls.length).toBeGreaterThan(70);
    const wrong = calls.flatMap(({ page, line, words: [verb = "", ...words] }) => {
      const end = words.includes("--") ? words.indexOf("--") : words.length;
      const options = words.slice(0, end).flatMap((word) => /^--[\w-]+/.exec(word) ?? []);
      const has = known.find(({ name }) => name === verb)?.options ?? [];
      const all = [...options.filter((option) => !has.includes(option))];
      return verb in verbs && all.length === 0 ? [] : [`${page}: ${line}`];
    });
    expect(wrong).toEqual([]);
  });

  it("name specs, scripts and programs of the clone that are there", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    const named = lines.flatMap(
      ({ line }) => line.match(/\b(specs|examples|scripts)\/[\w./-]+/g) ?? [],
    );
    const asked = lines.flatMap(({ line }) => [...line.matchAll(/npm run ([\w:-]+)/g)]);
    expect(named.filter((path) => !existsSync(path))).toEqual([]);
    expect(asked.filter(([, name = ""]) => !(name in scripts))).toEqual([]);
    expect(named.length * asked.length).toBeGreaterThan(0);
  });

  it("are run by `npm run docs`, or it is said why not, and of none that is gone", () => {
    const told = blocks();
    const stale = notRun.filter(
      ([page, begins]) => !told.some((one) => one.page === page && one.line.startsWith(begins)),
    );
    expect(stale).toEqual([]);
    expect(told.filter((one) => whyNot(one) === undefined).length).toBeGreaterThan(20);
  });

  const quick = calls.filter(
    ({ words: [verb = "", ...words] }) =>
      ["explain", "plan", "show", "schema"].includes(verb) &&
      words.every((word) => !/^[A-Z]+$/.test(word)) &&
      words.length > 0,
  );
  const listed = calls.filter(
    ({ words: [verb, ...words] }) =>
      verb === "compare" && (words.includes("--list") || words.includes("kubernetes")),
  );

  it.each([...quick, ...listed].map(({ words }) => words.join(" ")))(
    "run: pspc %s",
    async (line) => {
      const { code, out } = await pspc(resolve("."), ...line.split(" "));
      expect({ code, says: out.length > 100 }).toEqual({ code: 0, says: true });
    },
  );
});
