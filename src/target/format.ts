/** The interface of an export format: of the file or folder in which a trained network leaves for other programs. */

import type { Either } from "fp-ts/lib/Either.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Graph } from "../graph/graph.js";
import type { Shape } from "../graph/type.js";

/** How the weights are stored. The arithmetic is that of 32-bit floats with each. */
export type Precision = "f32" | "f16" | "u8";

export interface NumberArray {
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A network whose weights are known (rewrite/freeze.ts). */
export interface FrozenNetwork {
  /** Its inputs are the images, and the numbers by their names. Sizes may be open (rewrite/any-size.ts). */
  readonly graph: Graph;
  readonly numbers: ReadonlyMap<string, NumberArray>;
  readonly precision: Precision;
  /** What the file says of itself: plain data by name. */
  readonly about: Readonly<Record<string, unknown>>;
}

export interface Format {
  /** As people call it: `ONNX`. */
  readonly name: string;
  /** Of file names, with its point. */
  readonly ending: string;
  readonly kind: "file" | "folder";
  /** The type of a pixel's numbers in what it reads. */
  readonly image: "u8" | "i32";
  readonly precisions: readonly Precision[];
  /** The bytes of each file by its name in the folder; of a file, one. A number that a precision lacks is a failure. */
  readonly write: (network: FrozenNetwork) => Either<Failure, ReadonlyMap<string, Uint8Array>>;
}
