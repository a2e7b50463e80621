// @ts-check
/**
 * Starts a real Slurm on this machine alone, in a folder of its own and without systemd (Debian: apt-get install
 * slurm-wlm munge), and holds pspc to it: by `compare --on slurm` a job array of three variants, two at a time, and a
 * training that is longer than its time limit, which saves, is queued again and goes on; by `srun -n 2` a gang, to the
 * digits of one process with two devices. `--only array|limit|gang` does one of them. Slurm's ports are on the loopback.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath, URL } from "node:url";
import { parseArgs } from "node:util";
import { freePorts } from "./ports.mjs";

const { only } = parseArgs({ options: { only: { type: "string" } } }).values;
const clone = fileURLToPath(new URL("..", import.meta.url));
const pspc = join(clone, "bin/pspc.js");
const folder = mkdtempSync(join(tmpdir(), "pspc-slurm-"));
const project = join(folder, "project");
// With one thread a device sums in one order, whatever else it shares the machine with.
const env = {
  ...process.env,
  SLURM_CONF: join(folder, "slurm.conf"),
  TF_NUM_INTRAOP_THREADS: "1",
};
/** @type {import("node:child_process").ChildProcess[]} */
const daemons = [];

try {
  await cluster();
  makeProject();
  for (const part of [array, limit, gang])
    if (only === undefined || only === part.name) await part();
  console.error("all well");
} catch (error) {
  for (const name of ["slurmctld", "slurmd", "munged"]) console.error(logOf(name));
  throw error;
} finally {
  for (const daemon of daemons.reverse()) daemon.kill("SIGTERM");
  await setTimeout(2000);
  rmSync(folder, { recursive: true, force: true });
}

async function cluster() {
  const [controller, node] = await freePorts(2);
  for (const name of ["state", "spool"]) mkdirSync(join(folder, name));
  const socket = join(folder, "munge.sock");
  const key = join(folder, "munge.key");
  execFileSync("mungekey", ["--create", `--keyfile=${key}`]);
  const own = (/** @type {string} */ name) => join(folder, name);
  daemon("munged", [
    "--foreground",
    "--force",
    `--key-file=${key}`,
    `--socket=${socket}`,
    `--pid-file=${own("munged.pid")}`,
    `--seed-file=${own("munge.seed")}`,
    `--log-file=${own("munge.log")}`,
  ]);
  const user = userInfo().username;
  // A requeued task waits as long as a credential lives: 5 seconds here, two minutes otherwise.
  const settings = {
    ClusterName: "pspc",
    SlurmctldHost: `${hostname()}(127.0.0.1)`,
    SlurmctldPort: controller,
    SlurmdPort: node,
    AuthType: "auth/munge",
    AuthInfo: `socket=${socket},cred_expire=5`,
    SlurmUser: user,
    SlurmdUser: user,
    ProctrackType: "proctrack/linuxproc",
    TaskPlugin: "task/none",
    MpiDefault: "none",
    CommunicationParameters: "NoInAddrAny,NoCtldInAddrAny",
    StateSaveLocation: own("state"),
    SlurmdSpoolDir: own("spool"),
    SlurmctldPidFile: own("slurmctld.pid"),
    SlurmdPidFile: own("slurmd.pid"),
    SelectType: "select/cons_tres",
    SelectTypeParameters: "CR_Core",
    ReturnToService: 2,
    MinJobAge: 10,
    SchedulerParameters: "batch_sched_delay=1,sched_interval=2",
  };
  const lines = [
    ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    `NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=${availableParallelism()}`,
    `PartitionName=main Nodes=${hostname()} Default=YES MaxTime=INFINITE State=UP`,
  ];
  writeFileSync(env.SLURM_CONF, `${lines.join("\n")}\n`);
  await setTimeout(1000);
  daemon("slurmctld", ["-D", "-f", env.SLURM_CONF]);
  await setTimeout(2000);
  daemon("slurmd", ["-D", "-f", env.SLURM_CONF]);
  for (let i = 0; i < 60; i++) {
    const { stdout } = spawnSync("sinfo", ["--noheader", "--format=%T"], { env, encoding: "utf8" });
    if (stdout.includes("idle")) return;
    await setTimeout(1000);
  }
  throw new Error("the node of Slurm does not come up");
}

/** @param {string} program @param {readonly string[]} words */
function daemon(program, words) {
  const child = spawn(program, words, { env, stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.on("data", (chunk) => {
    writeFileSync(join(folder, `${program}.log`), chunk, { flag: "a" });
  });
  daemons.push(child);
}

/** @param {string} name */
function logOf(name) {
  try {
    return readFileSync(join(folder, `${name}.log`), "utf8")
      .split("\n")
      .slice(-15)
      .join("\n");
  } catch {
    return `${name} said nothing`;
  }
}

function makeProject() {
  const golden = join(clone, "test/golden/v0.1");
  mkdirSync(project);
  cpSync(join(golden, "data"), join(project, "data"), { recursive: true });
  cpSync(join(golden, "squares.yaml"), join(project, "base.yaml"));
  writeFileSync(
    join(project, "three.yaml"),
    "extends: base.yaml\nvariants:\n  all: {}\n  fcn: {model.pyramid: none}\n  one-bin: {model.pyramid.bins: [1]}\n",
  );
}

/** @param {readonly string[]} words */
function run(...words) {
  console.error(`pspc ${words.join(" ")}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [pspc, ...words], {
    cwd: project,
    env,
    encoding: "utf8",
  });
  console.error(stderr.replace(/^/gm, "  "));
  if (status !== 0) throw new Error(`pspc ${words.join(" ")}: exit code ${status}\n${stdout}`);
  return stdout;
}

/** @param {boolean} holds @param {string} what */
function demand(holds, what) {
  if (!holds) throw new Error(`it does not hold: ${what}`);
  console.error(`ok: ${what}`);
}

function array() {
  const words = ["compare", "three.yaml", "--on", "slurm", "--at-once", "2", "--json"];
  const rows = JSON.parse(run(...words, "--", "--time=10"));
  demand(rows.length === 3, "three variants were trained by an array, and compared");
  const again = JSON.parse(run("compare", "three.yaml", "--list", "--json"));
  demand(
    again.every((/** @type {{ does: string }} */ { does }) => does === "nothing"),
    "compare finds every run that the array trained",
  );
}

/** A time limit of two minutes, a minute of notice, and a training of about 100 seconds. */
function limit() {
  const spec = "three.yaml#all";
  run("train", spec, "train.iterations=200", "--run", "measured");
  const iterations = `train.iterations=${Math.ceil(100 / secondsOfStep())}`;
  run("compare", spec, iterations, "--runs", "long", "--on", "slurm", "--", "--time=2");
  const steps = linesOf("long/three-all/metrics.jsonl").filter(({ loss }) => loss !== undefined);
  demand(
    steps.every(({ step }, i) => step === i + 1),
    `a training longer than its limit made its ${steps.length} steps, each once`,
  );
  const begun = linesOf("long/three-all/log.jsonl").filter(({ kind }) => kind === "started");
  demand(
    begun.length > 1,
    `it went in ${begun.length} goes, from the steps ${begun.map(({ step }) => step).join(", ")}`,
  );
}

/** Two tasks on this node, which find their places by what Slurm tells them. */
async function gang() {
  const words = ["train", "three.yaml#all", "--device", "cpu", "--workers", "0"];
  run(...words, "--devices", "2", "--run", "whole");
  const [port] = await freePorts(2);
  const task = [process.execPath, pspc, ...words, "--continue", "--gang", "--run", "gang"];
  console.error(`srun -n 2 pspc ${task.slice(2).join(" ")}`);
  for (const again of [false, true]) {
    const { status, stderr } = spawnSync("srun", ["-n", "2", "--kill-on-bad-exit=1", ...task], {
      cwd: project,
      env: { ...env, PSPC_PORT: String(port) },
      encoding: "utf8",
    });
    console.error(stderr.replace(/^/gm, "  "));
    demand(status === 0, `srun starts a gang of two${again ? ", again, which is finished" : ""}`);
  }
  const metrics = (/** @type {string} */ name) =>
    readFileSync(join(project, name, "metrics.jsonl"), "utf8");
  demand(metrics("gang") === metrics("whole"), "it has the digits of one process with two devices");
}

/** The median of a run's later half. */
function secondsOfStep() {
  const seconds = linesOf("measured/log.jsonl").flatMap(({ seconds = [] }) => seconds);
  return seconds.slice(100).sort((a, b) => a - b)[50];
}

/** @param {string} file @returns {any[]} */
function linesOf(file) {
  return readFileSync(join(project, file), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}
