/** A thread that weighs experiments, so that the next keystroke does not wait for it. */

import { parentPort } from "node:worker_threads";
import { type Weighed, weigh } from "../../editor/consequences.js";
import type { Experiment } from "../../normalize/experiment.js";

export interface Asked {
  readonly id: number;
  readonly experiment: Experiment;
  /** With the largest batch. */
  readonly isWhole: boolean;
}

export interface Answered {
  readonly id: number;
  readonly found: Weighed;
}

parentPort?.on("message", ({ id, experiment, isWhole }: Asked) => {
  parentPort?.postMessage({ id, found: weigh(experiment, isWhole) } satisfies Answered);
});
