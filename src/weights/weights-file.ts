/** A file of weights of any format, opened: its header at once, its numbers one tensor at a time. */

import type { Outline, Tensor } from "./numbers.js";

/** What is known before any number is read. */
export interface Header {
  readonly file: string;
  /** "PyTorch", with where in the file the weights lay. */
  readonly format: string;
  readonly tensors: ReadonlyMap<string, Outline>;
}

export interface WeightsFile extends Header {
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The numbers of a tensor that is in the header. @throws Failed */
  readonly read: (name: string) => Tensor;
  readonly close: () => void;
}
