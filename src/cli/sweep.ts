/** What a comparison has to train, done elsewhere: as lines for a shell, on Slurm, or on Kubernetes. */

import { realpathSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Failed } from "../diagnostic/failure.js";
import { fingerprintOf } from "../plan/program.js";
import { plannedText } from "../report/scores.js";
import {
  kubernetesJob,
  type Sweep,
  shellLine,
  shellLines,
  slurmScript,
  type TrainingCommand,
} from "../report/sweep.js";
import { type Planned, planned } from "../run/compare.js";
import { onSlurm } from "../run/slurm.js";
import { nameOf } from "./arguments.js";
import { badCount, badSeconds } from "./errors.js";
import { type ExitCode, exit } from "./exit.js";
import { follow } from "./follow.js";
import type { SpecRequest } from "./read.js";
import { print, printJson, type Terminal, tell } from "./terminal.js";
import { type AllMeant, isRun } from "./variants.js";
import { nothingMissing, notTrained, onlyOn, specOfLines, submitBy } from "./verb/errors.js";

export interface Elsewhere {
  readonly list: boolean;
  readonly on: "slurm" | "kubernetes" | undefined;
  readonly dryRun: boolean;
  readonly atOnce: number | undefined;
  /** Seconds that a task waits for another process in its folder. */
  readonly wait: number | undefined;
  /** What stands behind `--`, for `sbatch`. */
  readonly options: readonly string[];
}

export interface SweepRequest extends SpecRequest {
  readonly variants: AllMeant;
  /** The folder of the runs. */
  readonly runs: string;
  readonly device: string;
  readonly json: boolean;
  /** What the user typed. */
  readonly typed: string;
}

/** @throws Misused where words stand together that mean nothing together. */
export const demandSense = (
  entry: string,
  { list, on, dryRun, atOnce, wait, options }: Elsewhere,
): void => {
  if (entry === "-" && (list || on !== undefined)) throw specOfLines();
  if (dryRun && on !== "slurm") throw onlyOn("--dry-run", "slurm");
  if (options.length > 0 && on !== "slurm") throw onlyOn("--", "slurm");
  if (atOnce !== undefined && on === undefined) throw onlyOn("--at-once", "slurm or kubernetes");
  if (wait !== undefined && on === undefined) throw onlyOn("--wait", "slurm or kubernetes");
  if (list && on !== undefined) throw onlyOn("--list", undefined);
  if (atOnce !== undefined && (!Number.isInteger(atOnce) || atOnce < 1))
    throw badCount("at-once", atOnce);
  if (wait !== undefined && !(wait >= 0)) throw badSeconds("wait", wait);
};

/** @returns the exit code, or `null` where everything is trained now and can be compared. */
export const elsewhere = async (
  terminal: Terminal,
  request: SweepRequest,
  how: Elsewhere,
): Promise<ExitCode | null> => {
  const { target, runs: parent, variants } = request;
  const rows = await planned({ spec: target.entry, parent, variants });
  const commands = rows.flatMap((row) => commandOf(request, row) ?? []);
  for (const { note } of rows) if (note !== null) tell(terminal, note);
  if (how.list) return listed(terminal, request, rows, commands);
  if (commands.length === 0) {
    tell(terminal, nothingMissing);
    return how.on === "slurm" && !how.dryRun ? null : exit.ok;
  }
  const { typed } = request;
  const sweep = {
    name: jobName(request),
    typed,
    commands,
    atOnce: how.atOnce ?? null,
    wait: how.wait ?? WAIT,
  };
  if (how.on === "slurm") return bySlurm(terminal, request, sweep, how);
  print(terminal, kubernetesJob(sweep));
  return exit.ok;
};

/** For a person the plan, beside the lines that a shell takes. */
const listed = (
  terminal: Terminal,
  request: SweepRequest,
  rows: readonly Planned[],
  commands: readonly TrainingCommand[],
): ExitCode => {
  const program = asCalled();
  if (request.json) {
    const command = (row: Planned): readonly string[] | null => {
      const words = commandOf(request, row)?.words;
      return words === undefined ? null : [...program, ...words];
    };
    printJson(
      terminal,
      rows.map((row) => ({ ...row, command: command(row) })),
    );
    return exit.ok;
  }
  tell(terminal, plannedText(rows));
  if (commands.length > 0) print(terminal, shellLines(program, commands));
  return exit.ok;
};

/** The words that train what a row lacks, or `null` where it lacks nothing. */
const commandOf = (request: SweepRequest, row: Planned): TrainingCommand | null => {
  const { target, overrides, runCode, device } = request;
  if (row.does === "nothing" || row.does === "same") return null;
  const where = device === "auto" ? [] : ["--device", device];
  if (isRun(target.entry)) return { words: ["train", "--resume", row.run, ...where], run: row.run };
  const name = nameOf({ ...target, variant: row.name ?? target.variant });
  const seed = row.index === 0 ? [] : [`train.seed=${row.seed}`];
  const code = runCode ? ["--run-code"] : [];
  const options = ["--run", row.run, "--continue", ...code, ...where];
  return { words: ["train", name, ...overrides, ...seed, ...options], run: row.run };
};

/** By what name this program was started, as a person would start it again. */
const asCalled = (): readonly string[] => {
  const [, file = ""] = process.argv;
  if (basename(file) === "pspc.js") return ["node", file];
  return basename(file) === "pspc" && process.env.npm_command !== "exec"
    ? ["pspc"]
    : ["npx", "pspc"];
};

/** Longer than a lock of a machine that is gone is kept (docs/reliability.md). */
const WAIT = 300;

const jobName = ({ target: { entry }, runs }: SweepRequest): string =>
  `pspc-${basename(entry, extname(entry)).replace(/[^\w.-]+/g, "_")}-${fingerprintOf([resolve(runs), resolve(entry)]).slice(0, 8)}`;

/** Submits what is missing, waits, and looks again: the job of a command before may have left something. */
const bySlurm = async (
  terminal: Terminal,
  request: SweepRequest,
  sweep: Sweep,
  { dryRun, options }: Elsewhere,
): Promise<ExitCode | null> => {
  const logs = join(request.runs, "slurm");
  const file = join(logs, `${sweep.name}.sh`);
  const script = slurmScript({
    ...sweep,
    folder: process.cwd(),
    program: [
      process.execPath,
      realpathSync(fileURLToPath(new URL("../../bin/pspc.js", import.meta.url))),
    ],
    log: join(logs, `${sweep.name}-%A_%a.log`),
  });
  if (dryRun) {
    print(terminal, script);
    tell(terminal, submitBy(shellLine(["sbatch", ...options, file]), file));
    return exit.ok;
  }
  const { variants, runs, target } = request;
  const left = async (): Promise<readonly string[]> => {
    const rows = await planned({ spec: target.entry, parent: runs, variants });
    return rows.flatMap((row) => commandOf(request, row)?.run ?? []);
  };
  const { name, commands } = sweep;
  const trainings = commands.length;
  const finished = async (): Promise<number> => trainings - (await left()).length;
  const { answer } = await follow(terminal, (signal) =>
    onSlurm({ name, script, file, logs, options, trainings, finished, signal }),
  );
  if (!answer) return exit.interrupted;
  const missing = await left();
  if (missing.length > 0) throw new Failed(notTrained(missing, trainings, logs));
  return null;
};
