/** Trains on Slurm: submits a job array, and waits until it has left the queue. */

import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { Failed } from "../diagnostic/failure.js";
import type { Event } from "./event.js";
import { noSlurm } from "./sharing-errors.js";

export interface SlurmRequest {
  /** Of the job: one that is in the queue under this name is waited for, and none is submitted. */
  readonly name: string;
  readonly script: string;
  /** Where the script is kept. */
  readonly file: string;
  /** Folder of what the tasks say. */
  readonly logs: string;
  /** More words for `sbatch`. */
  readonly options: readonly string[];
  readonly trainings: number;
  /** How many of them are finished by now. */
  readonly finished: () => Promise<number>;
  readonly signal: AbortSignal;
}

/**
 * @returns whether the job is over: `false` where waiting was stopped, and the job goes on.
 * @throws Failed where Slurm refuses the job, or its programs cannot be run.
 */
export async function* onSlurm(request: SlurmRequest): AsyncGenerator<Event, boolean> {
  const before = await queued(request.name);
  const job = before ?? (await submitted(request));
  const state = before === null ? "submitted to" : "in the queue of";
  yield { kind: "note", message: `job ${job} is ${state} Slurm; \`scancel ${job}\` ends it` };
  for (let seconds = 1; ; seconds = Math.min(10, 2 * seconds)) {
    yield await counted(request);
    if (request.signal.aborted) break;
    if (!(await isQueued(job))) return true;
    await setTimeout(1000 * seconds, undefined, { signal: request.signal }).catch(() => {});
  }
  yield { kind: "note", message: `job ${job} goes on; the same command waits for it again` };
  return false;
}

const counted = async ({ trainings, finished }: SlurmRequest): Promise<Event> => ({
  kind: "progress",
  what: "trainings on Slurm",
  done: await finished(),
  total: trainings,
});

const submitted = async ({ script, file, logs, options }: SlurmRequest): Promise<string> => {
  // Slurm makes no folders: a task whose log has none fails without a word.
  makeFolder(logs);
  makeFolder(dirname(file));
  await writeFileAtomic(file, `${script}\n`);
  const answer = await asked("sbatch", ["--parsable", ...options, file]);
  // `123`, or with the cluster's name `123;cluster`.
  return answer.trim().split(";", 1)[0] ?? "";
};

/** The job of this name that is in the queue, running or waiting. */
const queued = async (name: string): Promise<string | null> => {
  const user = `--user=${userInfo().username}`;
  const words = ["--noheader", user, `--name=${name}`, "--format=%A"];
  const [job = ""] = (await asked("squeue", words)).trim().split(/\s+/);
  return job === "" ? null : job;
};

/** A controller that does not answer for a while says nothing of its jobs. */
const isQueued = async (job: string): Promise<boolean> => {
  try {
    return (await asked("squeue", ["--noheader", `--jobs=${job}`, "--format=%A"])).trim() !== "";
  } catch (error) {
    return !(error instanceof Failed && /invalid job id/i.test(error.failure.reason ?? ""));
  }
};

const run = promisify(execFile);

const asked = async (program: string, words: readonly string[]): Promise<string> => {
  try {
    return (await run(program, words, { env: { ...process.env, LC_ALL: "C" } })).stdout;
  } catch (error) {
    throw new Failed(noSlurm(program, error));
  }
};
