/**
 * Two processes on this machine that train as one, to the digits of one process with two devices, though one of them is
 * lost on the way; and where a process finds its place. One is killed here; `npm run gang` has all ways to be lost.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { on, once } from "node:events";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as E from "fp-ts/lib/Either.js";
import { beforeAll, describe, expect, test } from "vitest";
import { logFile, metricsFile } from "../../src/run/folder.js";
import { readJournal } from "../../src/run/journal.js";
import { demandPrivate, placeIn, placesIn } from "../../src/run/place.js";
import { failureOf, squares, temporary } from "./tiny.js";

const folder = await temporary();
/** It diverges in its first steps, and goes on from the beginning at a rate that learns. */
const spec = `pspc: 1
data: {root: data, train: train.txt, val: seven.txt, classes: [ground, square], ignore: 255}
model:
  backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 4}, stem: conv7}
  pyramid: {bins: [1, 2], reduction: 4}
  head: {channels: 4}
  auxiliary: {after: 3, channels: 4}
train:
  iterations: 12
  batch: 4
  accumulate: 2
  crop: 41
  schedule: {poly: {base: 1.0e+30}}
  augment: [mirror, {scale: [0.8, 1.25]}]
  validate: {every: 6}
  checkpoints: {every: 4, keep: 2}
  recover: {factor: 5.0e-32}
`;

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  await squares(join(folder, "data"));
  // More than are drawn: those beyond are dealt to both.
  const pairs = Array.from({ length: 7 }, (_, i) => `${5 + i}.png ${5 + i}.label.png`);
  await writeFile(join(folder, "data/seven.txt"), pairs.join("\n"));
  await writeFile(join(folder, "spec.yaml"), spec);
}, 60_000);

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
};

interface Process {
  readonly child: ChildProcess;
  readonly code: Promise<number | null>;
  /** What it said on stderr. */
  readonly said: () => string;
  /** It has told of this step. */
  readonly reached: (step: number) => Promise<void>;
}

const start = (args: readonly string[], env: Readonly<Record<string, string>>): Process => {
  const child = spawn(
    process.execPath,
    ["--no-warnings", join(process.cwd(), "bin/pspc.js"), "train", "spec.yaml", "--json", ...args],
    { cwd: folder, env: { ...process.env, TF_NUM_INTRAOP_THREADS: "1", ...env } },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const lines = createInterface({ input: child.stdout });
  const reached = async (step: number): Promise<void> => {
    for await (const [line] of on(lines, "line", { close: ["close"] }))
      if (String(line).startsWith(`{"kind":"step","step":${step},`)) return;
  };
  const code = once(child, "close").then(([ended]) => ended as number | null);
  return { child, code, said: () => said, reached };
};

const usual = ["--device", "cpu", "--workers", "0"];

/** More words for each of the two. */
const gang = async (
  run: string,
  deadline: number,
  more: readonly [readonly string[], readonly string[]] = [[], []],
): Promise<readonly [Process, Process]> => {
  const PSPC_HOSTS = `127.0.0.1:${await freePort()},127.0.0.1:${await freePort()}`;
  const args = ["--continue", "--gang", "--deadline", `${deadline}`, "--run", run, ...usual];
  const one = (rank: 0 | 1): Process =>
    start([...more[rank], ...args], { PSPC_HOSTS, PSPC_RANK: `${rank}` });
  return [one(0), one(1)];
};

const codesOf = (all: readonly Process[]) => Promise.all(all.map(({ code }) => code));
const metricsOf = (run: string) => readJournal(metricsFile(join(folder, run)));

/** EX_TEMPFAIL of sysexits.h: start all again. */
const AGAIN = 75;

/** How one of the two is lost: by a signal, to the process of this rank. */
type Loss = readonly [signal: "SIGKILL" | "SIGSTOP", rank: 0 | 1];
const losses: readonly Loss[] = [
  ["SIGKILL", 1],
  ["SIGKILL", 0],
  ["SIGSTOP", 1],
  ["SIGSTOP", 0],
];
const isWhole = process.env.PSPC_GANG === "all";

describe("two processes on loopback", { timeout: 280_000 }, () => {
  beforeAll(async () => {
    const one = start(["--devices", "2", "--run", "one", ...usual], {});
    expect([await one.code, one.said()]).toEqual([0, expect.any(String)]);
  }, 120_000);

  test.each(isWhole ? losses : losses.slice(0, 1))(
    "end where %s hits process %i, and started again train to the digits of one with two devices",
    async (signal, rank) => {
      const run = `${signal}-${rank}`;
      // Who is dead is noticed at once; who stands still, by the deadline.
      const deadline = signal === "SIGKILL" ? 120 : 8;
      const both = await gang(run, deadline);
      const [lost, other] = [both[rank], both[1 - rank]!];
      await both[0].reached(5);
      lost.child.kill(signal);
      const since = performance.now();
      expect([await other.code, other.said()]).toEqual([AGAIN, expect.any(String)]);
      const seconds = (performance.now() - since) / 1000;
      expect(seconds).toBeLessThan(signal === "SIGKILL" ? 20 : deadline + 10);
      if (signal === "SIGKILL") expect(other.said()).toMatch(`process ${rank} (127.0.0.1:`);
      lost.child.kill("SIGCONT");
      expect(await lost.code).toBe(signal === "SIGKILL" ? null : AGAIN);
      const again = await gang(run, 120);
      expect([await codesOf(again), again.map(({ said }) => said())]).toEqual([
        [0, 0],
        expect.any(Array),
      ]);
      expect(await metricsOf(run)).toEqual(await metricsOf("one"));
      const log = await readJournal(logFile(join(folder, run), 1));
      const scores = log.filter(({ kind }) => kind === "validated");
      expect(scores.at(-1)).toMatchObject({ step: 12, images: 7 });
    },
  );

  test.each(isWhole ? ["the list is missing", "the disk refuses"] : [])(
    "end where one fails by itself: %s",
    async (what) => {
      const run = what.replaceAll(" ", "-");
      const elsewhere = join(folder, "elsewhere");
      await cp(join(folder, "data"), elsewhere, { recursive: true });
      const isEarly = what === "the list is missing";
      if (isEarly) await rm(join(elsewhere, "train.txt"));
      const [first, second] = await gang(run, 120, [[], [`data.root=${elsewhere}`]]);
      if (!isEarly) {
        await first.reached(5);
        await rm(join(folder, run, "checkpoints"), { recursive: true });
        await writeFile(join(folder, run, "checkpoints"), "in the way");
      }
      // The one that fails says why, with the code of its failure; the other, who is gone.
      expect(await codesOf([first, second])).toEqual(isEarly ? [AGAIN, 1] : [4, AGAIN]);
      const [failed, other] = isEarly ? [second, first] : [first, second];
      expect(failed.said()).toMatch(isEarly ? "cannot read the train list" : "cannot write");
      expect(failed.said()).toMatch(`process ${isEarly ? 1 : 0} of 2, 127.0.0.1:`);
      expect(other.said()).toMatch(`process ${isEarly ? 1 : 0} (127.0.0.1:`);
    },
  );

  /** Weights that are not finite are found where they are saved, by the first alone. */
  test.each(isWhole ? [[]] : [])("go back together where one finds that it must", async () => {
    const words = [
      ...["train.schedule={poly: {base: 3.0e+38}}", "train.recover={factor: 1.6e-40}"],
      ...["train.checkpoints.every=1", "train.iterations=6"],
    ];
    const one = start([...words, "--devices", "2", "--run", "one-back", ...usual], {});
    expect([await one.code, one.said()]).toEqual([0, expect.any(String)]);
    const both = await gang("both-back", 120, [words, words]);
    expect([await codesOf(both), both[0].said()]).toEqual([[0, 0], expect.any(String)]);
    const metrics = await metricsOf("both-back");
    expect(metrics).toEqual(await metricsOf("one-back"));
    expect(metrics.filter((line) => "recovered" in line)).toMatchObject([{ step: 0 }]);
  });

  test("do nothing, all of them, where the training is finished", async () => {
    const both = await gang("SIGKILL-1", 120);
    expect([await codesOf(both), both[0].said()]).toEqual([[0, 0], expect.any(String)]);
    expect(await metricsOf("SIGKILL-1")).toEqual(await metricsOf("one"));
  });
});

describe("a place in a gang", () => {
  const none = (): readonly string[] => [];
  const place = (env: Readonly<Record<string, string>>, nodes = none) => {
    const found = placeIn(env, nodes);
    return E.isRight(found) ? found.right : found.left.reason;
  };

  test.each<[string, Readonly<Record<string, string>>, object]>([
    [
      "our own variables, before all others",
      { PSPC_HOSTS: "a, b:9000", PSPC_RANK: "1", RANK: "0" },
      { hosts: ["a:7100", "b:9000"], rank: 1 },
    ],
    [
      "TF_CONFIG, with a chief before the workers",
      {
        TF_CONFIG: JSON.stringify({
          cluster: { chief: ["c:1"], worker: ["w:2", "w:3"] },
          task: { type: "worker", index: 1 },
        }),
      },
      { hosts: ["c:1", "w:2", "w:3"], rank: 2 },
    ],
    [
      "Slurm, two tasks a node",
      { SLURM_PROCID: "3", SLURM_NTASKS: "4", SLURM_JOB_NODELIST: "n[1-2]" },
      { hosts: ["n1:7100", "n1:7101", "n2:7102", "n2:7103"], rank: 3 },
    ],
    [
      "Open MPI, which knows ranks alone",
      { PSPC_HOSTS: "a,b", OMPI_COMM_WORLD_RANK: "0", PSPC_PORT: "8000" },
      { hosts: ["a:8000", "b:8001"], rank: 0 },
    ],
    [
      "torchrun on one machine",
      { RANK: "1", WORLD_SIZE: "2", LOCAL_WORLD_SIZE: "2", MASTER_ADDR: "localhost" },
      { hosts: ["localhost:7100", "localhost:7101"], rank: 1 },
    ],
    [
      "an Indexed Job with its service",
      { JOB_COMPLETION_INDEX: "1", HOSTNAME: "train-1", PSPC_SERVICE: "s", PSPC_SIZE: "2" },
      { hosts: ["train-0.s:7100", "train-1.s:7101"], rank: 1 },
    ],
  ])("is told by %s", (_, env, expected) => {
    expect(place(env, () => ["n1", "n2"])).toEqual(expected);
  });

  test("is none where nobody tells it, or tells a rank too many", () => {
    expect(place({ SLURM_PROCID: "0" })).toBe("none of these variables tells of a gang");
    expect(place({ PSPC_HOSTS: "a,b", PSPC_RANK: "2" })).toBe("rank 2 is none of 2 hosts");
  });

  test("reads its rows of each part of a batch, and all of them together the batch", () => {
    const plan = { batch: 12, accumulate: 2 };
    const of = (rank: number) => placesIn(plan, { hosts: ["a", "b", "c"], rank });
    expect(of(1)).toEqual([2, 3, 8, 9]);
    expect([0, 1, 2].flatMap(of).sort((a, b) => a - b)).toEqual([...Array(12).keys()]);
  });

  test("is refused where the world could reach it", async () => {
    await demandPrivate(["127.0.0.1:1", "10.1.2.3:4", "192.168.0.1:5", "172.20.0.1:6"]);
    const failure = await failureOf(demandPrivate(["8.8.8.8:7100"]));
    expect(failure.message).toBe("8.8.8.8 has the address 8.8.8.8, which the world can reach");
  });
});
