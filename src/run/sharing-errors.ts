/** What can go wrong where a training is shared among devices and processes, or told to a tracker, in words. */

import { type Failure, failure } from "../diagnostic/failure.js";

/** One of Slurm's programs, which said no or is not there. */
export const noSlurm = (program: string, error: unknown): Failure => {
  const { code, stderr, message } = error as NodeJS.ErrnoException & { readonly stderr?: string };
  return code === "ENOENT"
    ? failure(
        `there is no ${program} here`,
        "Slurm's programs are not on the PATH",
        "Run this where jobs are submitted; or print the script (--dry-run), or the lines (--list).",
      )
    : failure(
        `${program} refuses`,
        stderr?.trim() || message,
        "What stands behind `--` goes to sbatch: -- --partition=gpu --time=4:00:00.",
      );
};

/** No answer, or none that could be read to its end. */
export const trackerAway = (url: string, error: unknown): Failure =>
  failure(
    `${url} does not answer`,
    unanswered(error),
    "Check the address (--track mlflow=URL) and that the server runs. What is missing is sent with the next --resume.",
  );

/** `fetch failed` hides its reason in its cause. */
const unanswered = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error
    ? cause.message || String(Reflect.get(cause, "code"))
    : error.message;
};

export const trackerRefuses = (
  url: string,
  what: string,
  status: number,
  reason: string,
): Failure =>
  failure(
    `${url} refuses ${what}`,
    `${status}: ${reason.trim().split("\n", 1)[0]?.slice(0, 300) ?? ""}`,
    "Check the address, and the credentials (MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN).",
  );

export const notAllSent = (
  url: string,
  folder: string,
  missing: number,
  finished: boolean,
): string =>
  `${missing} lines of ${folder}/metrics.jsonl did not reach ${url}: ${finished ? "send them with" : "they are sent when the run goes on:"} pspc train --resume ${folder}`;

export const unevenDevices = (batch: number, shares: number): Failure =>
  failure(
    `a batch of ${batch} cannot be divided into ${shares} equal shares`,
    "each device takes the same number of images of each part of a batch",
    `use devices whose number, times \`train.accumulate\`, divides ${batch}`,
  );

/** What is said of a run that goes on on other devices. */
export const otherDevices = (before: number, now: number): string =>
  `${before} ${before === 1 ? "device" : "devices"} there, ${now} here (the same training, and not to the last bit)`;

export const noPlace = (reason: string): Failure =>
  failure(
    "this process does not know its place in the gang",
    reason,
    "set PSPC_HOSTS=host:port,… and PSPC_RANK, or start it by srun, mpirun with PSPC_HOSTS, torchrun, or a Kubernetes Indexed Job (docs/distributed.md)",
  );

export const publicHost = (host: string, address: string): Failure =>
  failure(
    `${host} has the address ${address}, which the world can reach`,
    "TensorFlow's servers have no passwords and no encryption: whoever reaches the port reads and writes files as you",
    "name the hosts by addresses of a private network; --public-network says that you know, and that a firewall stands before the ports",
  );

/** `host` is where it is known. */
export const otherTraining = (host: string | null): Failure =>
  failure(
    host === null
      ? "the processes of this gang train different networks"
      : `the process on ${host} trains something else`,
    "all processes of a gang must be started with the same spec, the same options and the same version",
    "start all of them by one command",
  );

/** Said as a gang begins. */
export const listening = (host: string, count: number): string =>
  `listening on ${host}, on all interfaces of this machine, without passwords: whoever reaches that port can read and write your files until this ends; waiting for ${count} processes`;
