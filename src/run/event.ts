/** What happens during a run, as values: programs in time yield them, cli/ and report/ show them. */

import type { Scores } from "../metric/scores.js";

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
      readonly rate: number;
      /** Seconds of this step, waiting for data included. */
      readonly seconds: number;
    }
  | { readonly kind: "saved"; readonly file: string; readonly step: number }
  | { readonly kind: "scored"; readonly split: string; readonly scores: Scores }
  | { readonly kind: "note"; readonly message: string }
  | { readonly kind: "finished"; readonly run: string; readonly seconds: number };
