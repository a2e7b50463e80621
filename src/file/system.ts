/** Says in words why the system could not read or write a file, from the error that Node threw. */

import { dirname } from "node:path";

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
