/**
 * An experiment: a spec with everything decided, as its declarations in language/ have it. Normalisation makes one;
 * every later room reads it. Keys are spelt as in the language, so that a resolved spec prints as a spec.
 */

import type { DecidedBy } from "../language/codec.js";
import type { spec } from "../language/spec.js";

export interface Experiment extends Readonly<DecidedBy<typeof spec>> {}

export type { LabelMap } from "../language/dataset.js";

/** Label values and colours are known here: `labels` is the map that `data.labels` and `data.ignore` come to. */
export type Data = Experiment["data"];
/** What names a split: a list file, a list's name, a folder's, as the layout has it; or two folders. */
export type SplitName = Data["train"];
/** What is held out of the training split: `together` keeps pairs on one side, `null` none. */
export type Share = Exclude<NonNullable<Data["val"]>, string | { readonly images: string }>;
export const isShare = (split: NonNullable<Data["val"]>): split is Share =>
  typeof split === "object" && "share" in split;
/** Images and labels of one stem; `suffix` is what the label's stem has more: `_mask`. */
export type Folders = Exclude<SplitName, string>;

export type Model = Experiment["model"];
export type Backbone = Model["backbone"];
/** A file of weights to begin with: of the whole network, or of its backbone. */
export type Weights = NonNullable<Model["weights"]>;
/** `null` is the dilated FCN. Its `channels` are those of each branch; `null` keeps the backbone's and has no 1×1. */
export type Pyramid = NonNullable<Model["pyramid"]>;
export type Norm = Model["norm"];

export type Train = Experiment["train"];
export type Freeze = Train["freeze"];
export type Checkpoints = Train["checkpoints"];
/** In the order written; what moves pixels moves the label with them. The random crop of `train.crop` follows. */
export type Augmentation = Train["augment"][number];

export type Evaluate = Experiment["evaluate"];
