/** What is known of this machine's kernels, in the shared cache: its speeds, the forms that `tune` measured, and those that a run began with. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { map } from "fp-ts/lib/Record.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { cacheFolder } from "../file/places.js";
import { closed } from "../language/section.js";
import { list, real } from "../language/value.js";
import { type Form, isForm } from "../rewrite/forms.js";
import { thisMachine, vectorUnits, type Want } from "../runtime/machine.js";
import { byKind, byLayer, type Rates, type Speeds } from "../tensorflow/speeds.js";
import type { Kernels } from "../tensorflow/target.js";
import { typical } from "../tensorflow/typical-speeds.js";
import { readJson, words } from "./codec.js";

/** Beside set-up's cache, a file a machine. */
const fileIn = (folder: string, machine: string): string => {
  const key = createHash("sha256").update(machine).digest("hex").slice(0, 16);
  return join(cacheFolder(), folder, `${key}.json`);
};

export const tableFile = (machine: string): string => fileIn("kernels", machine);
export const speedsFile = (machine: string): string => fileIn("speeds", machine);

/** Of this machine: its speeds, or those of one with its vector instructions; the forms that were measured. */
export const kernelsHere = (want: Want): Kernels => {
  const { name, ...machine } = thisMachine(want);
  const known = formsIn(tableFile(name));
  if (machine.device === "gpu") return { machine, known };
  if (isTypical()) return { machine: { ...machine, ownKernels: false }, known };
  const speeds = speedsOf(name) ?? typical[vectors()];
  return { machine: { ...machine, speeds }, known };
};

/** Where the speeds come from by which forms are chosen that nobody has measured. */
export const speedsFrom = (want: Want): string => {
  const { name, device } = thisMachine(want);
  if (device === "gpu") return "the GPU's own kernels";
  if (isTypical()) return "speeds typical of AVX2";
  return speedsOf(name) === null ? `speeds typical of ${vectors()}` : "speeds measured here";
};

/** The same, and whether pspc's own kernels are there (tensorflow/tiles.ts). */
export const kernelsFrom = (want: Want): string => {
  const { device, ownKernels = false } = thisMachine(want);
  const own =
    device === "gpu" ? "" : `, ${ownKernels ? "with" : "without"} pspc's own for 3×3 layers`;
  return `${speedsFrom(want)}${own}`;
};

/** `PSPC_SPEEDS=typical`: two machines choose alike (tests, comparisons). */
const isTypical = (): boolean => process.env.PSPC_SPEEDS === "typical";

const vectors = (): keyof typeof typical => {
  const units = vectorUnits();
  if (!units.includes("avx512f")) return "AVX2";
  return units.includes("avx512_bf16") && !units.includes("amx_bf16")
    ? "AVX-512 with bf16"
    : "AVX-512";
};

/** With the forms that a run began with, so that it goes on in the same bits. */
export const asBegun = (
  run: { readonly kernels?: Kernels["known"] } | null,
  kernels: Kernels,
): Kernels => ({ ...kernels, known: { ...kernels.known, ...run?.kernels } });

/** Adds to what is known of this machine, and takes back what could not be told. @throws Failed where the file cannot be written. */
export const keepForms = async (
  want: Want,
  forms: Kernels["known"],
  unknown: readonly string[] = [],
): Promise<string> => {
  const { name } = thisMachine(want);
  const file = tableFile(name);
  makeFolder(dirname(file));
  const before = Object.entries(formsIn(file)).filter(([layer]) => !unknown.includes(layer));
  const all = { ...Object.fromEntries(before), ...forms };
  await writeFileAtomic(file, `${JSON.stringify({ machine: name, forms: all }, null, 1)}\n`);
  return file;
};

/** Nothing where there is no such file, or a damaged one: a guess is always there. */
const formsIn = (file: string): Kernels["known"] => {
  if (!existsSync(file)) return {};
  try {
    const { forms } = JSON.parse(readFileSync(file, "utf8")) as { readonly forms?: object };
    const entries = Object.entries(forms ?? {}).filter(
      (entry): entry is [string, Form] => typeof entry[1] === "string" && isForm(entry[1]),
    );
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
};

const positive = real({ above: 0 });
const rates = list("rates", positive, { min: 3, max: 3 });
const kinds = closed(
  "the rates",
  byKind(() => rates),
  {},
);
const starts = closed(
  "the starts",
  byLayer(() => real({ min: 0 })),
  {},
);
const record = closed(
  "the speeds of a machine",
  {
    machine: words,
    call: positive,
    move: positive,
    turn: positive,
    reorder: closed("the reordering", { f32: real({ min: 0 }), bf16: real({ min: 0 }) }, {}),
    start: closed("the starts", { f32: starts, bf16: starts, tiles: starts }, {}),
    rates: closed("the rates", { f32: kinds, bf16: kinds }, {}),
  },
  {
    tiles: closed(
      "the rates of tiles",
      byLayer(() => rates),
      {},
    ),
  },
);

const speedsOf = (machine: string): Speeds | null => {
  const read = readJson(speedsFile(machine), record);
  if (E.isLeft(read) || read.right === null || read.right.machine !== machine) return null;
  const { machine: _, rates: measured, tiles, ...found } = read.right;
  const { f32, bf16 } = measured;
  const own = tiles === undefined ? {} : { tiles: map(three)(tiles) };
  return { ...found, ...own, rates: { f32: map(three)(f32), bf16: map(three)(bf16) } };
};

/** The codec asks for as many. */
const three = ([small = 1, middle = 1, large = 1]: readonly number[]): Rates => [
  small,
  middle,
  large,
];

/** Those of an earlier version, which knew fewer of them, are measured anew. */
export const hasSpeeds = (want: Want): boolean => speedsOf(thisMachine(want).name) !== null;

/** @throws Failed where the file cannot be written. */
export const keepSpeeds = async (want: Want, speeds: Speeds): Promise<string> => {
  const { name } = thisMachine(want);
  const file = speedsFile(name);
  makeFolder(dirname(file));
  await writeFileAtomic(file, `${JSON.stringify({ machine: name, ...speeds }, null, 1)}\n`);
  return file;
};
