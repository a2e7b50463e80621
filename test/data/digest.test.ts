/** Digests of files: of their bytes, remembered by size and time, and compared as lists of pairs. */

import { createHash } from "node:crypto";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as E from "fp-ts/lib/Either.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { digestOfAll, digestPairs, pairChanges } from "../../src/data/digest.js";
import { openFacts } from "../../src/data/facts.js";
import * as reading from "../../src/data/read-file.js";

vi.mock("../../src/data/read-file.js", { spy: true });

const folder = await mkdtemp(join(tmpdir(), "pspc-digest-"));
afterAll(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const store = () => openFacts(folder, at("facts"));
const sha256 = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");
const readings = (): number =>
  vi.mocked(reading.readWhole).mock.calls.length + vi.mocked(reading.digestFile).mock.calls.length;

beforeEach(() => {
  vi.mocked(reading.readWhole).mockClear();
  vi.mocked(reading.digestFile).mockClear();
});

describe("the digest of a file", () => {
  test("is of all its bytes, in parts, with its progress", async () => {
    const bytes = Buffer.alloc(2.5 * 2 ** 20, "pspc");
    await writeFile(at("large"), bytes);
    const told: (readonly [number, number])[] = [];
    const digest = await (await store()).digest(at("large"), (...now) => told.push(now));
    expect(digest).toEqual(E.right(sha256(bytes)));
    expect(told).toEqual([2 ** 20, 2 ** 21, bytes.length].map((done) => [done, bytes.length]));
    expect(E.isLeft(await (await store()).digest(at("none")))).toBe(true);
  });

  test("is remembered by size and time, and read again where these change", async () => {
    await writeFile(at("kept"), "one");
    // What was written just now may change without a trace.
    await setTimeout(2100);
    const ask = async () => {
      const known = await store();
      const digest = await known.digest(at("kept"));
      await known.save();
      return digest;
    };
    expect(await ask()).toEqual(E.right(sha256("one")));
    expect(readings()).toBe(1);
    expect(await ask()).toEqual(E.right(sha256("one")));
    expect(readings()).toBe(1);
    await utimes(at("kept"), 1, 1);
    expect(await ask()).toEqual(E.right(sha256("one")));
    expect(readings()).toBe(2);
    await writeFile(at("kept"), "two");
    expect(await ask()).toEqual(E.right(sha256("two")));
    expect(readings()).toBe(3);
  });

  test("costs no reading where the file was looked at, whatever was asked", async () => {
    await writeFile(at("seen"), "pixels");
    const known = await store();
    await known.of(at("seen"), "image", () => TE.of({}));
    expect(await known.digest(at("seen"))).toEqual(E.right(sha256("pixels")));
    expect(readings()).toBe(1);
  });
});

describe("the digest of pairs", () => {
  const pair = (image: string, digest: string) => ({ image, digest });
  const then = [pair("a", "1"), pair("b", "2"), pair("c", "3")];

  test("is of both files' bytes, and of no name", async () => {
    for (const [name, text] of Object.entries({ i: "one", j: "one", k: "two", l: "label" }))
      await writeFile(at(name), text);
    const known = await store();
    const of = async (...names: readonly string[]) =>
      (
        await digestPairs(
          names.map((name) => ({ image: at(name), label: at("l") })),
          folder,
          known,
        )
      ).map(({ digest }) => digest);
    const [i, j, k, none] = await of("i", "j", "k", "not-there");
    expect(i).toBe(j);
    expect(new Set([i, k, none]).size).toBe(3);
  });

  test("is of their order", () => {
    expect(digestOfAll(then)).not.toBe(digestOfAll(then.toReversed()));
    expect(digestOfAll(then)).toBe(digestOfAll(then.map((each) => ({ ...each, image: "x" }))));
  });

  test.each([
    ["nothing", then, [[], [], []]],
    ["order", then.toReversed(), [[], [], []]],
    ["a name", [pair("z", "1"), ...then.slice(1)], [[], [], []]],
    ["bytes", [pair("a", "9"), ...then.slice(1)], [["a"], [], []]],
    ["one more", [...then, pair("d", "4")], [[], ["d"], []]],
    ["one less", then.slice(1), [[], [], ["a"]]],
    ["a copy", [...then, pair("d", "3")], [[], ["d"], []]],
  ])("%s that changed is told", (_, now, [changed, added, removed]) => {
    expect(pairChanges(then, now)).toEqual({ changed, added, removed });
  });
});
