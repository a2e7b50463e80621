/** Whatever has a name and is no file is refused at once, by what it is. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, expect, test } from "vitest";
import { openRegular, readRegular } from "../../src/file/regular.js";
import { readText } from "../../src/file/text.js";

const folder = mkdtempSync(join(tmpdir(), "pspc-regular-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

test("a file is read, through a link too", () => {
  writeFileSync(path("file"), "abc");
  symlinkSync("file", path("link"));
  for (const name of ["file", "link"])
    expect(readRegular(path(name))).toEqual(E.right(Buffer.from("abc")));
});

test("a pipe, a device and a folder are refused, behind a link too", () => {
  execFileSync("mkfifo", [path("pipe")]);
  symlinkSync("/dev/zero", path("zero"));
  expect(openRegular(path("pipe"))).toEqual(E.left("it is a pipe, not a file"));
  expect(openRegular(path("zero"))).toEqual(E.left("it is a device, not a file"));
  expect(openRegular("/dev/null")).toEqual(E.left("it is a device, not a file"));
  expect(openRegular(folder)).toEqual(E.left("it is a folder"));
  expect(openRegular(path("nothing"))).toEqual(E.left("there is no such file"));
});

test("a file is read up to its bound, and a spec never from a pipe", () => {
  writeFileSync(path("five"), "12345");
  expect(E.isRight(readRegular(path("five"), 5))).toBe(true);
  expect(readRegular(path("five"), 4)).toEqual(E.left("it has 5 bytes, and at most 4 are read"));
  execFileSync("mkfifo", [path("spec.yaml")]);
  expect(readText(path("spec.yaml"))).toMatchObject(E.left({ reason: "it is a pipe, not a file" }));
});

test("a socket is refused", async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(path("socket"), listening));
  expect(openRegular(path("socket"))).toEqual(E.left("it is a socket or a device, not a file"));
  await new Promise((closed) => server.close(closed));
});
