/** Data sets as they lie on disk: the data section of an experiment and a split enter, pairs of paths leave. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { Failed, type Failure } from "../diagnostic/failure.js";
import type { Data } from "../normalize/experiment.js";
import { badLine, emptyList, missingFile, missingList, noList, several } from "./errors.js";
import type { Sample } from "./sample.js";

export type Split = "train" | "val" | "test";

/**
 * The pairs of a split, in the order of its list: one `image label` pair a line, relative to the root
 * (semseg's layout). Throws one `Failed` with every line that is wrong, as `list:line`.
 */
export async function openSplit(data: Data, split: Split): Promise<readonly Sample[]> {
  const list = data[split];
  if (list === null) throw new Failed(noList(split));
  const path = resolve(data.root, list);
  const text = await readFile(path, "utf8").catch((error: Error) => {
    throw new Failed(missingList(split, path, error.message));
  });
  const read = text
    .split("\n")
    .flatMap((line, i) => readLine(line.trim(), data.root, `${path}:${i + 1}`));
  const failures = read.filter((one): one is Failure => "kind" in one);
  if (failures.length === 1) throw new Failed(failures[0]!);
  if (failures.length > 1) throw new Failed(several(failures));
  if (read.length === 0) throw new Failed(emptyList(path));
  return read.filter((one): one is Sample => !("kind" in one));
}

function readLine(line: string, root: string, place: string): readonly (Sample | Failure)[] {
  if (line === "") return [];
  const [image, label, ...rest] = line.split(/\s+/);
  if (image === undefined || label === undefined || rest.length > 0) return [badLine(place, line)];
  const sample = { image: resolve(root, image), label: resolve(root, label) };
  const missing = (["image", "label"] as const).filter((role) => !existsSync(sample[role]));
  if (missing.length === 0) return [sample];
  return missing.map((role) => missingFile(place, role, relative(root, sample[role])));
}
