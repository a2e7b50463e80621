/** What can be wrong with a file of weights, in words: names and numbers enter, a `Failure` leaves. */

import { type Failure, failure } from "../diagnostic/failure.js";

export const damaged = (file: string, reason: string): Failure =>
  failure(
    `${file} is no intact safetensors file`,
    reason,
    "Restore it from where it came from; a file that was cut short cannot be mended.",
  );

export const unknownType = (file: string, tensor: string, dtype: string): Failure =>
  failure(
    `${file} holds ${tensor} as ${dtype}`,
    "pspc reads F32, I32 and U8",
    "Convert the file to F32.",
  );

export const missingTensors = (file: string, names: readonly string[]): Failure =>
  failure(
    `${file} lacks ${listed(names)}`,
    "the network of this spec has layers that the file's has not",
    "Use the spec that made the file, or a file of this network.",
  );

export const otherShapes = (file: string, differences: readonly string[]): Failure =>
  failure(
    `${file} holds weights of other shapes: ${listed(differences)}`,
    undefined,
    "Use the spec that made the file, or a file of this network.",
  );

const listed = (all: readonly string[], shown = 5): string =>
  all.slice(0, shown).join(", ") + (all.length > shown ? ` and ${all.length - shown} more` : "");
