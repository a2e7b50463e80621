/** Says in words why the system could not read or write a file, from the error that Node threw. */

import { dirname } from "node:path";
import { type Failure, failure } from "../diagnostic/failure.js";

/** Why a file cannot be read. */
export const systemReason = (error: unknown): string =>
  reading[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

const reading: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of its path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "this user may not read it",
  EPERM: "this user may not read it",
  ELOOP: "its links lead in a circle",
  EMFILE: "too many files are open (ulimit -n)",
  ENAMETOOLONG: "its name is too long",
  EIO: "the disk fails",
};

type Told = readonly [reason: string, help: string];

/** Why the file `path` cannot be written, and the remedy. */
export const writing = (path: string, error: unknown): Told => {
  const folder = dirname(path);
  const told: Readonly<Record<string, Told>> = {
    ENOENT: [`there is no folder ${folder}`, `Make it (mkdir -p '${folder}'), or write elsewhere.`],
    ENOTDIR: [`${folder} is not a folder, or is not in one`, "Write elsewhere."],
    EISDIR: ["a folder has this name", "Name a file."],
    EACCES: [`this user may not write in ${folder}`, elsewhere],
    EPERM: [`this user may not write in ${folder}`, elsewhere],
    EROFS: ["its disk is mounted to be read only", "Write elsewhere."],
    ENOSPC: ["the disk is full", "Free some space (`df -h` tells how much there is)."],
    EDQUOT: ["this user's share of the disk is used up", "Free some space."],
    ENAMETOOLONG: ["its name is too long", "Name it shorter."],
  };
  return told[codeOf(error)] ?? [systemReason(error), "Check the disk, or write elsewhere."];
};

const elsewhere = "Change the folder's permissions, or write elsewhere.";

/** What this machine or its limits refused, where an error says that: no fault of the program, wherever it arose. */
export const refusedBySystem = (error: unknown): Failure | null => {
  if (!(error instanceof Error)) return null;
  const limit = limits.find(
    ({ code, words }) => code.test(codeOf(error)) || words.test(error.message),
  );
  if (limit !== undefined) return failure(limit.message, firstLine(error), limit.help);
  if (!(codeOf(error) in refusals)) return null;
  const path = "path" in error && typeof error.path === "string" ? error.path : "a file";
  return failure(`cannot use ${path}`, ...writing(path, error));
};

const limits = [
  {
    code: /^E[MN]FILE$/,
    words: /^too many open files$/i,
    message: "this process may not open as many files as it needs",
    help: "Allow more: ulimit -n 1024.",
  },
  {
    code: /^(ENOMEM|ERR_WORKER_OUT_OF_MEMORY|ERR_WORKER_INIT_FAILED|ERR_MEMORY_ALLOCATION_FAILED)$/,
    words:
      /allocation failed|OOM when allocating|bad_alloc|cannot allocate memory|failed to map segment|could not create a primitive/i,
    message: "there is not enough memory",
    help: "Free some, or raise the limit (ulimit -v unlimited); or ask for less: a smaller train.batch or train.crop, train.memory. `pspc plan SPEC` estimates what a training needs.",
  },
] as const;

const refusals: Readonly<Record<string, true>> = {
  ENOSPC: true,
  EDQUOT: true,
  EROFS: true,
  EACCES: true,
  EPERM: true,
  EIO: true,
};

const firstLine = (error: Error): string => error.message.split("\n", 1)[0] ?? "";
