/** What the world refuses a program: its reader goes, its disk is full, its limits are low. A sentence, and nothing lost. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { squares, temporary } from "../run/tiny.js";

const folder = await temporary();
const program = join(process.cwd(), "bin/pspc.js");

beforeAll(async () => {
  await squares(join(folder, "data"));
  await writeFile(join(folder, "spec.yaml"), await readFile("test/golden/v0.1/squares.yaml"));
});

const started = (script: string): ChildProcess =>
  spawn("/bin/bash", ["-c", script], { cwd: folder, env: { ...process.env, P: program } });

const ended = async (child: ChildProcess): Promise<{ code: number | null; err: string }> => {
  let err = "";
  child.stderr?.on("data", (text) => {
    err += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, err };
};

const record = async (run: string) =>
  JSON.parse(await readFile(join(folder, run, "run.json"), "utf8")) as object;

const train = (run: string, more = ""): string =>
  `node "$P" train spec.yaml train.iterations=8 --run ${run} --device cpu --json ${more}`;

describe("a reader that goes", { timeout: 60_000 }, () => {
  test("does not end a training, which says so and finishes", async () => {
    const script = `set -o pipefail; ${train("piped")} | head -n 2 >/dev/null`;
    const { code, err } = await ended(started(script));
    expect({ code, ...(await record("piped")) }).toMatchObject({
      code: 0,
      state: "finished",
      step: 8,
    });
    expect(err).toContain("nobody reads the output any more: going on without it");
  });

  test("ends a short answer quietly", async () => {
    const { err } = await ended(started('node "$P" plan spec.yaml --json | head -n 1 >/dev/null'));
    expect(err).toBe("");
  });
});

describe("a disk behind stdout that is full", { timeout: 60_000 }, () => {
  test("is an error in a sentence", async () => {
    const { code, err } = await ended(started('node "$P" plan spec.yaml > /dev/full'));
    expect(code).toBe(1);
    expect(err).toMatch(/^error: cannot write to stdout\n = reason: the disk is full/);
  });

  test("is an error at the end of a training, which is complete", async () => {
    const { code, err } = await ended(started(train("full", "> /dev/full")));
    expect(code).not.toBe(0);
    expect(err).toContain("cannot write to stdout");
    expect(err).not.toContain("internal error");
    expect(await record("full")).toMatchObject({ state: "finished", step: 8 });
  });
});

describe("a disk that fills", { timeout: 60_000 }, () => {
  test("leaves nothing of an export", async () => {
    const make = 'node "$P" export spec.yaml --run piped --to piped.html --device cpu';
    const before = readdirSync(folder);
    // No file may be longer than 400 KiB: a page is.
    const full = await ended(started(`ulimit -f 400; ${make}`));
    expect(full.code).toBe(1);
    expect(full.err).toMatch(/error: cannot write piped\.html\..*\n = reason: /);
    expect(readdirSync(folder)).toEqual(before);
  });
});

test.each(["SIGHUP", "SIGQUIT", "SIGTERM"] as const)(
  "%s saves and stops",
  { timeout: 60_000 },
  async (signal) => {
    const words = ["train", "spec.yaml", "train.iterations=100000", "--run", signal, "--json"];
    const child = spawn(process.execPath, [program, ...words], { cwd: folder });
    let out = "";
    let sent = false;
    child.stdout.on("data", (text) => {
      out += text;
      if (!sent && out.includes('"kind":"step"')) sent = child.kill(signal);
    });
    const { code } = await ended(child);
    expect(code).toBe(130);
    const stopped = /"kind":"stopped".*"step":(\d+)/.exec(out)?.[1];
    expect(await record(signal)).toMatchObject({ state: "running", step: Number(stopped) });
  },
);

test.each([
  ["40 open files", "ulimit -n 40", /may not open as many files|too many/],
  ["24 open files", "ulimit -n 24", /may not open as many files|too many/],
  ["3 GB of address space", "ulimit -v 3000000", /not enough memory/],
  ["no folder for temporary files", "export TMPDIR=/nonexistent", /\/nonexistent/],
])("with %s a training that fails says why", { timeout: 60_000 }, async (name, limit, says) => {
  const run = name.replaceAll(" ", "-");
  const { code, err } = await ended(started(`${limit}; ${train(run, ">/dev/null")}`));
  expect(err).not.toContain("internal error");
  if (code === 0) expect(await record(run)).toMatchObject({ state: "finished" });
  else expect(err).toMatch(says);
});
