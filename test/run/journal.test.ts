/** Journals lose nothing that was synced, and take back exactly what they are asked to. */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openJournal, readJournal, rewind } from "../../src/run/journal.js";
import { failureOf, temporary } from "./tiny.js";

const folder = await temporary();

test("lines are on the disk once synced, and follow those that were there", async () => {
  const file = join(folder, "a.jsonl");
  for (const step of [1, 2]) {
    const journal = openJournal(file);
    journal.append({ step, word: "ü\n" });
    journal.sync();
    expect(await readJournal(file)).toHaveLength(step);
    journal.close();
  }
  expect(await readJournal(file)).toEqual([
    { step: 1, word: "ü\n" },
    { step: 2, word: "ü\n" },
  ]);
});

test("rewinding drops later steps and a line cut short, and leaves the rest as it was", async () => {
  const file = join(folder, "b.jsonl");
  const line = '{"step":1,"loss":0.1234567}\n{"at":"noon"}\n';
  await writeFile(file, `${line}{"step":2,"loss":3}\n{"step":3,"lo`);
  await rewind(file, 1);
  expect(await readFile(file, "utf8")).toBe(line);
  expect(await readJournal(join(folder, "absent.jsonl"))).toEqual([]);
});

test("a file that cannot be written is a failure", async () => {
  const open = async () => openJournal(join(folder, "absent", "c.jsonl"));
  const { message, reason, help } = await failureOf(open());
  expect(message).toMatch(/^cannot write .*c\.jsonl$/);
  expect(reason).toMatch(/^there is no folder .*absent$/);
  expect(help).toMatch(/mkdir -p .* Then resume the run\.$/);
});
