/** What a report shows, as plain data: gathered from runs, drawn as a page. */

import type { Difference } from "../../normalize/difference.js";
import type { Run } from "../../run/folder.js";
import type { Row } from "../../run/row.js";

export interface Report {
  readonly title: string;
  /** What is scored. */
  readonly split: string;
  readonly classes: readonly string[];
  /** In the order of the spec; the first is the baseline. */
  readonly variants: readonly Shown[];
  readonly pictures: readonly Pictured[];
  /** What to type to have it again. */
  readonly commands: readonly string[];
  /** Follows runs that are still going. */
  readonly live: boolean;
}

export interface Shown {
  readonly name: string;
  /** From the baseline. */
  readonly differences: readonly Difference[];
  readonly parameters: number;
  readonly macs: number;
  readonly runs: readonly ShownRun[];
  /** `null` until something was evaluated. */
  readonly row: Row | null;
}

export interface ShownRun {
  readonly folder: string;
  readonly run: Run;
  readonly loss: Curve;
  /** mIoU while training, a curve a split. */
  readonly scores: ReadonlyMap<string, Curve>;
}

/** Points by step, ascending. */
export type Curve = readonly (readonly [step: number, value: number])[];

/** One picture, and what each variant sees in it. Images are data URLs. */
export interface Pictured {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly picture: string;
  readonly truth: string | null;
  /** By variant; `null` where it has not predicted this one. */
  readonly predictions: readonly (Prediction | null)[];
}

export interface Prediction {
  readonly url: string;
  /** Share of the pixels that count which are right. */
  readonly accuracy: number | null;
}
