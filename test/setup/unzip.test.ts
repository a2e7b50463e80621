import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { entries, extract, text } from "../../scripts/setup/unzip.mjs";
import { destination } from "../../scripts/setup/wheel.mjs";
import { zip } from "./zip.js";

const folder = mkdtempSync(join(tmpdir(), "pspc-unzip-"));
afterAll(() => rmSync(folder, { recursive: true }));

const wheel = join(folder, "a.whl");
const content = Buffer.from("one library, ".repeat(5000));

const damaged = (change: (bytes: Buffer) => Buffer): void =>
  writeFileSync(wheel, change(zip({ "lib/a.so": content })));

describe("unzip", () => {
  test("gives back what was packed", async () => {
    const file = fc.tuple(fc.stringMatching(/^[a-z]{1,9}$/), fc.uint8Array({ maxLength: 5000 }));
    const files = fc.uniqueArray(file, { selector: ([name]) => name, minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(files, async (packed) => {
        writeFileSync(wheel, zip(Object.fromEntries(packed.map(([n, b]) => [n, Buffer.from(b)]))));
        for (const [i, entry] of (await entries(wheel)).entries()) {
          await extract(wheel, entry, join(folder, "out"));
          expect([entry.name, new Uint8Array(readFileSync(join(folder, "out")))]).toEqual(
            packed[i],
          );
        }
      }),
      { numRuns: 20 },
    );
  });

  test("reads an entry as text", async () => {
    writeFileSync(wheel, zip({ METADATA: "Name: tensorflow\n" }));
    const [entry] = await entries(wheel);
    expect(await text(wheel, entry!)).toBe("Name: tensorflow\n");
  });

  test("refuses a file that ends too early", async () => {
    damaged((bytes) => bytes.subarray(0, bytes.length - 30));
    await expect(entries(wheel)).rejects.toThrow(/no whole zip file: its end is missing/);
  });

  test("refuses what is no zip file, and an empty file", async () => {
    writeFileSync(wheel, "<html>proxy login</html>");
    await expect(entries(wheel)).rejects.toThrow(/no whole zip file/);
    writeFileSync(wheel, "");
    await expect(entries(wheel)).rejects.toThrow(/no whole zip file/);
  });

  test("refuses an entry whose bytes have changed", async () => {
    damaged((bytes) => Buffer.from(bytes.fill(0x55, 60, 90)));
    const [entry] = await entries(wheel);
    await expect(extract(wheel, entry!, join(folder, "out"))).rejects.toThrow();
  });
});

test("no entry of a wheel leaves its folder", () => {
  for (const name of [
    "nvidia/cublas/lib/../../../../../bin/sh",
    "/tensorflow/libtensorflow_cc.so.2",
    "nvidia\\..\\x",
  ])
    expect(() => destination(name)).toThrow(/would leave its folder/);
  expect(destination("nvidia/cublas/lib/..a.so")).toBe("nvidia/cublas/lib/..a.so");
  expect(destination("tensorflow/python/keras.py")).toBeUndefined();
});
