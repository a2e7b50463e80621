/** Trainings elsewhere: what `compare --list` and `--on` print is run by the shells and programs that it is for. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { kubernetesJob, type SlurmSweep, slurmScript } from "../../src/report/sweep.js";
import { readRun } from "../../src/run/record.js";
import { squares, temporary } from "../run/tiny.js";
import { pspc } from "./captured.js";

const folder = await temporary();
const device = ["--device", "cpu"] as const;

beforeAll(async () => {
  await squares(join(folder, "squares"));
  const spec = `pspc: 1
data: {root: squares, train: train.txt, val: val.txt, classes: [ground, square]}
model:
  backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 4}, stem: conv7}
  pyramid: {bins: [1, 2]}
  head: {channels: 4}
  auxiliary: none
train: {iterations: 2, batch: 2, crop: 41, augment: [mirror]}
variants: {fcn: {model.pyramid: none}, whole: {}}
`;
  writeFileSync(join(folder, "it's one.yaml"), spec);
});

/** The words of a line, as a shell takes them. */
const words = (line: string): readonly string[] =>
  spawnSync("sh", ["-c", `printf '%s\\0' ${line}`], { encoding: "utf8" })
    .stdout.split("\0")
    .slice(0, -1);

const compare = (...more: readonly string[]) => pspc(folder, "compare", "it's one.yaml", ...more);

describe("--list", { timeout: 120_000 }, () => {
  it("prints a line a missing training, which may be repeated, and none where all is trained", async () => {
    const asked = ["--list", "--variants", "fcn", "--seeds", "2", "train.batch=4", ...device];
    const { code, out, err } = await compare(...asked);
    const lines = out.trim().split("\n").map(words);
    expect({ code, lines: lines.length }).toEqual({ code: 0, lines: 2 });
    expect(err).toContain("2 trainings, 2 to do");
    expect(lines[1]).toEqual([
      ..."npx pspc train".split(" "),
      "it's one.yaml#fcn",
      ..."train.batch=4 train.seed=1 --run".split(" "),
      "runs/it_s_one-fcn-seed1",
      ..."--continue --device cpu".split(" "),
    ]);
    for (const [, , ...line] of lines)
      expect(await pspc(folder, ...line)).toMatchObject({ code: 0 });
    const [, , ...first] = lines[0] ?? [];
    const again = await pspc(folder, ...first);
    expect(again).toMatchObject({ code: 0, err: expect.stringContaining("is trained already") });
    expect(await compare(...asked)).toMatchObject({
      code: 0,
      out: "",
      err: expect.stringContaining("2 trainings, 0"),
    });
  });

  it("goes on with what was interrupted, and refuses the folder of another plan", async () => {
    const train = ["train", "it's one.yaml#fcn", "--run", "runs/own", "--continue", ...device];
    const longer = "train.iterations=4";
    expect(await pspc(folder, ...train)).toMatchObject({ code: 0 });
    expect(await pspc(folder, ...train, longer)).toMatchObject({
      code: 1,
      err: expect.stringContaining("train.iterations: 2 there, 4 here"),
    });
    const allowed = await pspc(folder, ...train, longer, "--allow", "train.iterations");
    expect(allowed).toMatchObject({ code: 0 });
    expect(await readRun(join(folder, "runs/own"))).toMatchObject({ state: "finished", step: 4 });
  });

  it("leaves a run of another plan in a variant's folder as it is, says so, and takes another", async () => {
    const own = "runs/it_s_one-whole";
    const train = ["train", "it's one.yaml#whole", "train.seed=7", ...device];
    expect(await pspc(folder, ...train)).toMatchObject({ code: 0, out: `${own}\n` });
    const asked = ["--variants", "whole", ...device];
    const told = `${own} was trained by another plan (train.seed: 7 there, 0 here) and stays as it is`;
    const { out, err } = await compare(...asked, "--list");
    const line = words(out.trim());
    const run = line[line.indexOf("--run") + 1];
    expect(run).toMatch(/^runs\/.+-it_s_one-whole$/);
    expect(err).toContain(`${told}; this training goes to ${run}`);
    const compared = await compare(...asked, "--images", "0", "--json");
    expect({ code: compared.code, rows: JSON.parse(compared.out) }).toMatchObject({
      code: 0,
      rows: [{ runs: [run] }],
    });
    expect(compared.err).toContain(told);
    expect((await readRun(join(folder, own))).experiment.train.seed).toBe(7);
  });

  it("lists the unfinished of runs, and refuses what cannot be read twice or means nothing", async () => {
    expect(await pspc(folder, "compare", "runs/own", "--list")).toMatchObject({ code: 0, out: "" });
    for (const [asked, told] of [
      [["compare", "-", "--list"], "read once"],
      [["compare", "it's one.yaml", "--dry-run"], "--on slurm"],
      [["compare", "it's one.yaml", "--", "-p", "gpu"], "--on slurm"],
      [["compare", "it's one.yaml", "--at-once", "2"], "--on slurm or kubernetes"],
      [["compare", "it's one.yaml", "--on", "slurm", "--at-once", "0"], "--at-once is 0"],
      [["compare", "it's one.yaml", "--wait", "9"], "--on slurm or kubernetes"],
      [["compare", "it's one.yaml", "--on", "slurm", "--wait", "-9"], "--wait is -9"],
      [["train", "it's one.yaml", "--deadline", "0"], "--deadline is 0"],
      [["train", "--continue"], "--continue"],
      [["train", "it's one.yaml", "--continue", "--resume", "runs/own"], "--continue"],
    ] as const)
      expect(await pspc(folder, ...asked)).toMatchObject({
        code: 3,
        err: expect.stringContaining(told),
      });
  });
});

const sweep: SlurmSweep = {
  name: "pspc-own",
  typed: "npx pspc compare own.yaml\n--on slurm",
  folder,
  program: ["./program"],
  log: "runs/slurm/pspc-own-%A_%a.log",
  atOnce: 2,
  wait: 40,
  commands: ["a", "it's"].map((name) => ({
    words: ["train", `own.yaml#${name}`, "--continue"],
    run: `runs/${name}`,
  })),
};

/** A program of the name in a folder of its own that stands before all others. */
const standIn = (place: string, name: string, script: string): string => {
  mkdirSync(join(folder, place), { recursive: true });
  const file = join(folder, place, name);
  writeFileSync(file, `#!/bin/bash\n${script}\n`);
  chmodSync(file, 0o755);
  return `${join(folder, place)}${delimiter}${process.env.PATH}`;
};

describe("--on slurm", { timeout: 120_000 }, () => {
  /** Task 1 of the array, with a stand-in for pspc; a signal is sent when that has begun. */
  const task = async (program: string, signal?: NodeJS.Signals) => {
    for (const name of ["begun", "requeued"]) rmSync(join(folder, name), { force: true });
    standIn(".", "program", program);
    const PATH = standIn("slurm", "scontrol", `echo "scontrol $*" >"${folder}/requeued"`);
    writeFileSync(join(folder, "task.sh"), slurmScript(sweep));
    const env = { ...process.env, PATH, SLURM_ARRAY_TASK_ID: "1", SLURM_JOB_ID: "7" };
    const child = spawn("bash", ["task.sh"], { cwd: folder, env });
    const ended = once(child, "close");
    const said = text(child.stdout);
    while (signal !== undefined && !existsSync(join(folder, "begun"))) await setTimeout(20);
    if (signal !== undefined) child.kill(signal);
    const [code] = await ended;
    const requeued = existsSync(join(folder, "requeued"));
    return { code, out: await said, requeued };
  };
  // For ten seconds at most, should no signal come through.
  const waits =
    "trap 'exit 130' TERM; touch begun; for i in $(seq 200); do sleep 0.05; done; exit 9";

  it("writes a script whose tasks train one variant each, and end as it ends", async () => {
    expect(await task(`printf '<%s>' "$@"; exit 4`)).toEqual({
      code: 4,
      out: "<train><own.yaml#it's><--continue><--wait><40>",
      requeued: false,
    });
  });

  it("lets a training save before its time limit, and puts it into the queue again", async () => {
    expect(await task(waits, "SIGINT")).toMatchObject({ code: 130, requeued: true });
    expect(readFileSync(join(folder, "requeued"), "utf8")).toBe("scontrol requeue 7\n");
    // `scancel` means it.
    expect(await task(waits, "SIGTERM")).toMatchObject({ code: 130, requeued: false });
  });

  it("submits by sbatch, waits for the queue, and says what was not trained", async () => {
    const before = process.env.PATH;
    standIn("queue", "sbatch", `echo "$*" >"${folder}/submitted"; echo 12`);
    // Nothing of this name; then running; then gone.
    const queue = `case $* in *--name*) exit ;; esac
      if [ -e "${folder}/polled" ]; then echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1; fi
      touch "${folder}/polled"; echo 12`;
    process.env.PATH = standIn("queue", "squeue", queue);
    const words = ["--runs", "elsewhere", "--on", "slurm", "--", "--time=10", "-p", "gpu"];
    const { code, err } = await compare(...words);
    process.env.PATH = before;
    expect(code).toBe(1);
    expect(err).toContain("job 12 is submitted to Slurm");
    expect(err).toContain("2 of 2 trainings did not come to their end on Slurm");
    const submitted = readFileSync(join(folder, "submitted"), "utf8").trim();
    expect(submitted).toMatch(
      /^--parsable --time=10 -p gpu elsewhere\/slurm\/pspc-it_s_one-\w+\.sh$/,
    );
    const script = readFileSync(join(folder, submitted.split(" ").at(-1) ?? ""), "utf8");
    expect(script).toContain(
      `0) set -- train 'it'\\''s one.yaml#fcn' --run elsewhere/it_s_one-fcn`,
    );
  });

  it("says that there is no Slurm", async () => {
    const before = process.env.PATH;
    process.env.PATH = folder;
    const { code, err } = await compare("--runs", "elsewhere", "--on", "slurm");
    process.env.PATH = before;
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("there is no squeue") });
  });
});

it("prints a Job of Kubernetes, whose pods train one variant each", () => {
  const { spec, ...job } = parse(kubernetesJob({ ...sweep, name: "pspc-Own_spec!" }));
  expect(job).toEqual({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "pspc-own-spec" },
  });
  expect(spec).toMatchObject({ completionMode: "Indexed", completions: 2, parallelism: 2 });
  const [container] = spec.template.spec.containers;
  const [sh, c, script] = container.command;
  const told = script.replace(/^exec node \S+/m, "printf '<%s>'");
  const env = { ...process.env, JOB_COMPLETION_INDEX: "1" };
  expect(spawnSync(sh, [c, told], { env, encoding: "utf8" }).stdout).toBe(
    "<train><own.yaml#it's><--continue><--wait><40>",
  );
});
