/**
 * A training in a process of its own, killed without warning wherever it happens to be, and resumed, again and again:
 * it ends in the same bits. Four deaths here; `npm run kill` has fifty.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, watch } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import type { Event } from "../../src/run/event.js";
import { runFile } from "../../src/run/folder.js";
import { boardFiles } from "../../src/run/journal.js";
import { readRun } from "../../src/run/record.js";
import { squares, temporary } from "./tiny.js";

const deaths = Number(process.env.PSPC_KILLS ?? 4);

/** It diverges at its second or third step, and goes on from the beginning at a rate that learns. */
const spec = `pspc: 1
data: {root: data, train: train.txt, val: val.txt, classes: [ground, square], ignore: 255}
model:
  backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 4}, stem: conv7}
  pyramid: {bins: [1, 2], reduction: 4}
  head: {channels: 4}
  auxiliary: {after: 3, channels: 4}
train:
  iterations: 40
  batch: 2
  crop: 41
  schedule: {poly: {base: 1.0e+30}}
  augment: [mirror, {scale: [0.8, 1.25]}]
  validate: {every: 6}
  checkpoints: {every: 4, keep: 2}
  recover: {factor: 5.0e-32}
`;

const folder = await temporary();

/** A generator of our own: a failure is seen again by its seed. */
const seed = Number(process.env.PSPC_SEED ?? 1);
const dice = (() => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
})();

/** How a life ends: what it waits for, and for how many ms more. */
interface Death {
  readonly name: string;
  readonly await: (child: ChildProcess, run: string, strike: () => void) => void;
}

const onEvent = (child: ChildProcess, heard: (event: Event) => void): void => {
  createInterface({ input: child.stdout! }).on("line", (line) => heard(JSON.parse(line) as Event));
};

/** After as many of the events that count as the dice say. */
const after = (name: string, most: number, counts: (event: Event) => boolean): Death => ({
  name,
  await: (child, _, strike) => {
    let left = 1 + dice(most);
    const delay = dice(12);
    onEvent(child, (event) => {
      if (counts(event) && --left === 0) setTimeout(strike, delay);
    });
  },
});

const ways: readonly Death[] = [
  {
    name: "in the first second",
    await: (child, _, strike) => {
      child.stdout!.resume();
      setTimeout(strike, dice(1000));
    },
  },
  {
    name: "in the midst of writing",
    await: (child, run, strike) => {
      let left = 1 + dice(12);
      const seen = watch(run, { recursive: true }, (_, name) => {
        if (name?.endsWith(".part") && --left === 0) strike();
      });
      child.once("exit", () => seen.close());
      child.stdout!.resume();
    },
  },
  after("after a step", 10, ({ kind }) => kind === "step"),
  after("validating", 6, (event) => event.kind === "progress" && event.what === "validating"),
  after("at a checkpoint", 2, (event) => event.kind === "step" && event.step % 4 === 0),
];

interface Life {
  readonly killed: boolean;
  readonly code: number | null;
  readonly err: string;
}

const live = async (run: string, death: Death | null): Promise<Life> => {
  await mkdir(run, { recursive: true });
  const words = existsSync(runFile(run)) ? ["--resume", run] : ["spec.yaml", "--run", run];
  const program = join(process.cwd(), "bin", "pspc.js");
  const argv = [program, "train", ...words, "--json", "--device", "cpu", "--workers", "1"];
  const child = spawn(process.execPath, argv, { cwd: folder });
  let [killed, err] = [false, ""];
  child.stderr.on("data", (text) => {
    err += String(text);
  });
  if (death === null) child.stdout.resume();
  else
    death.await(child, run, () => {
      killed = child.kill("SIGKILL");
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { killed: killed && code === null, code, err };
};

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Everything that must be equal, bit for bit. */
const remains = async (run: string) => {
  const files = ["metrics.jsonl", "weights.safetensors", "best.safetensors"];
  const checkpoints = await readdir(join(run, "checkpoints"));
  const all = [...files, ...checkpoints.sort().map((name) => join("checkpoints", name))];
  const digests = all.map(async (file) => [file, digest(await readFile(join(run, file)))]);
  const { state, step, recoveries } = await readRun(run);
  return {
    files: Object.fromEntries(await Promise.all(digests)),
    charts: digest(await charts(run)),
    run: { state, step, recoveries },
  };
};

/** The records of the event files that tell of a step, without the time (their first nine bytes). */
const charts = async (run: string): Promise<Buffer> => {
  const files = await Promise.all(boardFiles(run).map((file) => readFile(file)));
  return Buffer.concat(
    files.flatMap((bytes) => {
      const records: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = Number(bytes.readBigUInt64LE(at));
        const record = bytes.subarray(at + 12, at + 12 + size);
        // Field 2 (the step) stands next; then field 5 (a summary), not 7 (a session's start).
        if (record[9] === 0x10 && record.includes(0x2a, 11) && record[11] !== 0x3a)
          records.push(record.subarray(9));
        at += 16 + size;
      }
      return records;
    }),
  );
};

test(`${deaths} deaths leave no trace`, { timeout: 60_000 + deaths * 40_000 }, async () => {
  await squares(join(folder, "data"));
  await writeFile(join(folder, "spec.yaml"), spec);
  const calm = join(folder, "calm");
  expect(await live(calm, null)).toMatchObject({ code: 0 });
  const expected = await remains(calm);
  expect(expected.run.recoveries).toHaveLength(1);
  const died = new Map<string, number>();
  for (let [died_, runs] = [0, 0]; died_ < deaths; runs++) {
    const run = join(folder, `run${runs}`);
    for (;;) {
      const way = died_ < deaths ? ways[(died_ + dice(2)) % ways.length]! : null;
      const { killed, code, err } = await live(run, way);
      if (!killed) {
        expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
        break;
      }
      died_ += 1;
      died.set(way!.name, (died.get(way!.name) ?? 0) + 1);
    }
    expect(await remains(run)).toEqual(expected);
  }
  console.info(
    `deaths: ${[...died].map(([name, times]) => `${times} ${name}`).join(", ")} (PSPC_SEED=${seed})`,
  );
});
