/** What can go wrong with exports, and with what predicts by them, in words. */

import { type Failure, failure } from "../diagnostic/failure.js";
import { writing } from "../file/system.js";

export const exportExists = (to: string): Failure =>
  failure(
    `${to} is there already`,
    "an export overwrites no folder",
    "Delete it, or name another.",
  );

export const cannotRename = (to: string, error: unknown): Failure => {
  const [reason, help] = writing(to, error);
  return failure(`cannot write ${to}`, reason, help);
};

/** Its own runtime refuses what was written: a fault of ours. */
export const exportUnread = (format: string, reason: string): Failure =>
  failure(
    `the ${format} that was written cannot be run, and was deleted`,
    reason,
    "This is a fault of pspc: please report it with the spec.",
  );

export const exportUnchecked = (format: string, reason: string): Failure =>
  failure(
    `the ${format} cannot be checked here`,
    reason,
    "Install the runtime (docs/export.md names it), or leave out --checked.",
  );

interface Found {
  readonly classes: number | null;
  readonly logits: number | null;
  readonly probabilities: number | null;
}

export const exportDisagrees = (
  format: string,
  runtime: string,
  { classes, logits, probabilities }: Found,
): Failure =>
  failure(
    `the ${format} answers otherwise than the network, and was deleted`,
    [
      `${runtime} against pspc:`,
      ...(classes === null ? [] : [`${(100 * classes).toFixed(3)} % of the classes are equal`]),
      ...(logits === null ? [] : [`logits differ by ${logits.toExponential(1)} of the largest`]),
      ...(probabilities === null
        ? []
        : [`probabilities differ by ${probabilities.toExponential(1)}`]),
    ].join(" "),
    "Export with --numbers f32. If it was f32, this is a fault of pspc: please report it with the spec.",
  );

/** `bin` is the one that does not fit. */
export const exportTooSmall = (
  size: string,
  feature: string,
  bin: number,
  least: number,
): Failure =>
  failure(
    `pyramid bin ${bin} does not fit pictures of ${size}`,
    `they give a ${feature} feature map`,
    `Export sides of at least ${least} (--size).`,
  );

export const noLogits = (): Failure =>
  failure(
    "as it is evaluated, this network has no logits",
    "`evaluate` averages the probabilities of its looks",
    "Export with --give probabilities, or without --as evaluated.",
  );

/** A folder that is named like an export of ours. */
export const noExport = (folder: string, reason: string): Failure =>
  failure(
    `${folder} cannot predict`,
    reason,
    "Name a folder that `pspc export --to NAME.tfjs` made.",
  );

export const noProbabilities = (folder: string, gives: readonly string[]): Failure =>
  failure(
    `${folder} gives no probabilities`,
    `it was exported to give ${gives.join(" and ")}`,
    "Export it again with --give classes,probabilities.",
  );

export const scaledPictures = (count: number, size: string): string =>
  `${count === 1 ? "one picture was" : `${count} pictures were`} scaled to ${size}, which the network looks at, and its answer back: an export of their own size (--size) sees more`;

export const wasmAbsent = (reason: string): Failure =>
  failure(
    "an exported network runs on WebAssembly, which is not installed",
    reason,
    "Install it: npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-converter@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0",
  );
