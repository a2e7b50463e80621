/** The interface of an export format: of the file or folder in which a trained network leaves for other programs. */

import type { Either } from "fp-ts/lib/Either.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Graph } from "../graph/graph.js";
import type { Shape } from "../graph/type.js";
import type { Passes } from "../rewrite/passes.js";
import type { Rewrite } from "../rewrite/rewrite.js";

/** How the weights are stored. The arithmetic is that of 32-bit floats with each. */
export type Precision = "f32" | "f16" | "u8";

export interface NumberArray {
  readonly shape: Shape;
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** What a format that people open shows, and a picture by which it checks itself wherever it runs. */
export interface Presentation {
  /** What it is, in a sentence. */
  readonly summary: string;
  /** In Markdown; empty in a draft. */
  readonly card: string;
  readonly example: {
    /** Null where it is noise, and nothing to look at. */
    readonly name: string | null;
    /** Bytes `[H, W, 3]` of the network's size. */
    readonly pixels: Uint8Array;
    /** `[H, W]`, as pspc itself has them. */
    readonly classes: Uint16Array;
  };
  /** Share of the example's classes that a runtime must find to be trusted. */
  readonly least: number;
}

/** A network whose weights are known (rewrite/freeze.ts). */
export interface FrozenNetwork {
  /** Its inputs are the images, and the numbers by their names. Sizes may be open (rewrite/any-size.ts). */
  readonly graph: Graph;
  readonly numbers: ReadonlyMap<string, NumberArray>;
  readonly precision: Precision;
  /** What the file says of itself: plain data by name. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Formats for programs need none. */
  readonly presentation?: Presentation;
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
  /** The rewrites of every export, where they are not those that serve most runtimes (`exporting`). */
  readonly passes?: Passes;
  /** Of the graph that those leave. */
  readonly late?: readonly Rewrite[];
  /** Exact forms of layers that are faster in the runtimes that read the format, and larger; absent where there are none. */
  readonly forms?: readonly Rewrite[];
  /** The bytes of each file by its name in the folder; of a file, one. A number that a precision lacks is a failure. */
  readonly write: (network: FrozenNetwork) => Either<Failure, ReadonlyMap<string, Uint8Array>>;
}
