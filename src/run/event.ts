/** What happens during a run, as values: train, evaluate, predict and compare yield them; the command line and programs show them. */

import type { Failure } from "../diagnostic/failure.js";
import type { Scores } from "../metric/scores.js";
import type { Evaluation } from "./evaluation.js";
import type { Area } from "./prediction.js";
import type { Row } from "./row.js";

export type Event =
  /** A folder was made, or an unfinished run in it taken up at `step`. */
  | {
      readonly kind: "started";
      readonly run: string;
      readonly step: number;
      readonly steps: number;
    }
  /** Something long that has a length: checking data, writing predictions. */
  | {
      readonly kind: "progress";
      readonly what: string;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: "step";
      /** Steps done, 1…steps. */
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      /** The loss without the auxiliary head's share, and that head's own. */
      readonly main: number;
      readonly auxiliary: number | null;
      readonly rate: number;
      /** Seconds of this step, waiting for data included. */
      readonly seconds: number;
    }
  | { readonly kind: "saved"; readonly file: string; readonly step: number }
  /** The validation split was scored on the way. */
  | {
      readonly kind: "validated";
      readonly step: number;
      readonly split: "val";
      readonly images: number;
      /** As the others: `null` where no pixel of the split counts. */
      readonly miou: number | null;
      readonly mean_accuracy: number | null;
      readonly pixel_accuracy: number | null;
      /** Whether these weights were kept as the best so far. */
      readonly best: boolean;
    }
  /** Step `step` diverged: training goes on from step `to`, at `factor` times the rate. */
  | {
      readonly kind: "recovered";
      readonly step: number;
      readonly to: number;
      readonly what: string;
      readonly factor: number;
    }
  /** Interrupted, with everything saved: the run can be resumed. */
  | {
      readonly kind: "stopped";
      readonly run: string;
      readonly step: number;
      readonly steps: number;
    }
  | {
      readonly kind: "scored";
      readonly split: string;
      readonly scores: Scores;
      /** The same with names and counts, as `eval --json` prints it. */
      readonly evaluation: Evaluation;
    }
  | {
      readonly kind: "predicted";
      readonly image: string;
      /** The files written. */
      readonly classes: string;
      readonly overlay: string;
      readonly probabilities?: string;
      /** Of the classes that occur. */
      readonly areas: readonly Area[];
    }
  /** One of many could not be done; the others were. */
  | { readonly kind: "skipped"; readonly file: string; readonly failure: Failure }
  /** A comparison comes to run `at` (from 1) of `of`. */
  | {
      readonly kind: "variant";
      readonly name: string;
      readonly seed: number;
      readonly run: string;
      readonly at: number;
      readonly of: number;
    }
  | {
      readonly kind: "compared";
      readonly rows: readonly Row[];
      /** Runs that could not be read, and are in no row. */
      readonly damaged: readonly Failure[];
    }
  | { readonly kind: "note"; readonly message: string }
  | { readonly kind: "finished"; readonly run: string; readonly seconds: number };
