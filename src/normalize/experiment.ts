/**
 * An experiment: a spec with everything decided. Normalisation leaves one of these; every later room reads it.
 * Keys are spelt as in the language, so that a resolved spec prints as a spec.
 */

import type { Layout, MapName } from "../language/data.js";
import type { LabelMap, Rgb } from "../language/dataset.js";

export type { LabelMap };

export interface Experiment {
  readonly data: Data;
  readonly model: Model;
  readonly train: Train;
  readonly evaluate: Evaluate;
}

/** What names a split: a list file, a list's name, a folder's, as the layout has it; or two folders. */
export type SplitName = string | Folders;

/** Images and labels of one stem; `suffix` is what the label's stem has more: `_mask`. */
export interface Folders {
  readonly images: string;
  readonly labels: string;
  readonly suffix: string;
}

export interface Data {
  readonly layout: Layout;
  /** Absolute folder; what the layout names lies in it. */
  readonly root: string;
  readonly train: SplitName;
  readonly val: SplitName | null;
  readonly test: SplitName | null;
  /** Class names; their number is the C of every `[N, H, W, C]`. At most 255. */
  readonly classes: readonly string[];
  /** Values found in label files. Identity on 0…C−1 unless written out. */
  readonly labels: LabelMap;
  /** What a pair that cannot be read does to a training. */
  readonly damaged: "stop" | "skip";
  /** Whether a pixel of a label file is an index of 1 to 16 bits, or a colour. */
  readonly label_format: "index" | "colour";
  /** The built-in map that `labels` is, or `null` for the author's own. */
  readonly label_map: MapName | null;
  /** Colours of the classes in pictures; `null` is Pascal VOC's colour map. */
  readonly palette: readonly Rgb[] | null;
  /** RGB mean and standard deviation on the 0–255 scale (semseg `tool/train.py`). */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export interface Model {
  readonly backbone: Backbone;
  /** `null` draws every weight. */
  readonly weights: Weights | null;
  /** `null` is the dilated FCN baseline. */
  readonly pyramid: Pyramid | null;
  readonly head: Head;
  readonly auxiliary: Auxiliary | null;
  /** Of the pyramid's and the logits' bilinear upsampling. */
  readonly align_corners: boolean;
  readonly norm: Norm;
}

export interface Norm {
  readonly epsilon: number;
  /** Share of the old running statistic that is kept each step (PyTorch's 0.1 is 0.9 here). */
  readonly momentum: number;
}

export interface Backbone {
  readonly block: "basic" | "bottleneck";
  readonly blocks: readonly [number, number, number, number];
  /** Planes of the first stage; stage s has width·2^(s−1), times 4 at a bottleneck's end. 64 in the paper. */
  readonly width: number;
  readonly stem: Stem;
  /** Per stage; a stage with dilation d > 1 keeps its stride at 1. */
  readonly dilations: readonly [number, number, number, number];
  /** Where a bottleneck's stride sits: on its 3×3 (semseg) or its first 1×1 (Caffe, ADE20K). */
  readonly stride_site: "3x3" | "1x1";
  /** Dilation of a dilated stage's first block: the stage's (`full`, semseg) or half of it (`contracted`, mmseg). */
  readonly first_dilation: "full" | "contracted";
}

/** A file of weights to begin with: of the whole network, or of its backbone. */
export interface Weights {
  /** Absolute. */
  readonly file: string;
  /** What is taken from it; all else is drawn. */
  readonly only: "all" | "backbone";
}

/** Three 3×3 convolutions, or one 7×7; then max pooling 3×3 of stride 2. */
export type Stem =
  | { readonly kind: "deep"; readonly channels: readonly [number, number, number] }
  | { readonly kind: "conv7"; readonly channels: number };

export interface Pyramid {
  readonly bins: readonly number[];
  readonly pool: "average" | "max";
  /** Channels of each branch after its 1×1; `null` keeps the backbone's and has no 1×1. */
  readonly channels: number | null;
  /** Order of the branches behind the features in the concatenation. */
  readonly order: "ascending" | "descending";
}

export interface Head {
  readonly channels: number;
  /** Probability of dropping a whole channel (Dropout2d). */
  readonly dropout: number;
}

export interface Auxiliary {
  /** Stage (1–4) whose output it reads. */
  readonly after: number;
  readonly channels: number;
  readonly dropout: number;
  readonly weight: number;
}

export interface Train {
  readonly iterations: number;
  /** Images an update. */
  readonly batch: number;
  /** Equal parts in which the batch goes through the device. */
  readonly accumulate: number;
  /** What the backward pass makes again: as much as is said, or as `budget` bytes take; `null`: nothing. */
  readonly memory: { readonly recompute: "blocks" | "stages" } | { readonly budget: number } | null;
  readonly crop: readonly [height: number, width: number];
  readonly seed: number;
  readonly precision: "f32" | "bf16";
  readonly optimizer: {
    readonly momentum: number;
    readonly weight_decay: number;
    readonly decay: "all" | "kernels";
  };
  /** Largest norm of the whole gradient, before weight decay. */
  readonly clip: number | null;
  readonly schedule: { readonly base: number; readonly power: number; readonly end: number };
  readonly multipliers: Multipliers;
  readonly freeze: Freeze;
  /** Decay of the moving average of the weights. */
  readonly ema: number | null;
  readonly loss: {
    /** Denominator of the mean: pixels that count, or all pixels. */
    readonly mean_over: "valid" | "all";
    /** Per class, in the order of `data.classes`; `null` is 1 for all. Weighted mean, as in PyTorch. */
    readonly class_weights: readonly number[] | null;
    /** Only pixels whose class is less probable than `threshold` count, and of each image at least `keep`. */
    readonly mining: { readonly threshold: number; readonly keep: number } | null;
    /** How many strips of rows the cross-entropy comes in. */
    readonly strips: number;
    /** Weight of the soft Dice loss; 0 has none. */
    readonly dice: number;
  };
  readonly augment: readonly Augmentation[];
  /** Scores while training: every so many steps, of the first `images` images (`null`: of all). */
  readonly validate: { readonly every: number; readonly images: number | null } | null;
  readonly checkpoints: Checkpoints;
  /** After a loss that is not finite: from the last checkpoint on with `factor` times the rate, `attempts` times. */
  readonly recover: { readonly factor: number; readonly attempts: number } | null;
}

/** Of the rate, by group of layers; the backbone's is 1. */
export interface Multipliers {
  /** Of all that is not the backbone, where the others do not differ. */
  readonly new: number;
  readonly pyramid: number;
  readonly head: number;
  readonly auxiliary: number;
  /** Of the classifiers' biases, in place of their group's. */
  readonly bias: number;
}

export interface Freeze {
  /** The stem and this many stages keep weights and statistics (mmsegmentation's `frozen_stages`); 0: nothing does. */
  readonly stages: 0 | 1 | 2 | 3 | 4;
  /** Batch norms that normalise by their running statistics and leave them (its `norm_eval`). */
  readonly norm: "none" | "backbone" | "all";
}

export interface Checkpoints {
  /** In steps; `null` goes by the clock. */
  readonly every: number | null;
  /** How many of the last are kept. */
  readonly keep: number;
  readonly best: "none" | "miou" | "mean_accuracy" | "pixel_accuracy";
}

/** In the order written; what moves pixels moves the label with them. The random crop of `train.crop` follows. */
export type Augmentation =
  | { readonly op: "mirror"; readonly probability: number }
  | { readonly op: "scale"; readonly min: number; readonly max: number; readonly aspect: number }
  | {
      readonly op: "rotate";
      readonly min: number;
      readonly max: number;
      readonly probability: number;
      /** What lies beyond the picture once it is turned: `data.mean`, or a colour. Labels there are ignored. */
      readonly border: "mean" | Rgb;
    }
  | { readonly op: "blur"; readonly probability: number }
  | {
      readonly op: "jitter";
      readonly brightness: number;
      readonly contrast: number;
      readonly saturation: number;
      readonly probability: number;
    }
  /** Of the random crop: drawn again while one class has more than this share of its counted pixels. */
  | { readonly op: "crop"; readonly max_share: number };

export interface Evaluate {
  /** `whole`: the image padded to 8n+1; `slide`: windows of `window` with `overlap`. */
  readonly mode: "whole" | "slide";
  readonly window: readonly [height: number, width: number];
  readonly overlap: number;
  readonly scales: readonly number[];
  /** Pixels of an image's longer side at scale 1; `null` is its own size. */
  readonly long_side: number | null;
  readonly mirror: boolean;
  /** Sides on which an image is padded to its window, with the mean colour. */
  readonly padding: "centre" | "end";
  readonly average: "probabilities" | "logits";
  /** Of `long_side` at a scale s: s·n to the nearest pixel, or one above it (Caffe's `base·s + 1`). */
  readonly rounding: "nearest" | "above";
  /** IoU of a class that occurs neither in labels nor in predictions. */
  readonly absent_class: "zero" | "skip" | "one";
  /** Tolerance of the boundary F-score, as a share of an image's diagonal; `null`: not scored. */
  readonly boundary: number | null;
}
