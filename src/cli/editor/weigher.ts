/** A thread for what takes long, so that the next keystroke does not wait: it weighs experiments, and counts classes. */

import { parentPort } from "node:worker_threads";
import { lastCounted } from "../../data/class-counts.js";
import { openFacts } from "../../data/facts.js";
import { type Weighed, weigh } from "../../editor/consequences.js";
import type { Data, Experiment } from "../../normalize/experiment.js";

export type Asked = { readonly id: number } & (
  | {
      readonly experiment: Experiment;
      /** With the largest batch. */
      readonly isWhole: boolean;
    }
  | { readonly data: Data }
);

export interface Answered {
  readonly id: number;
  readonly found?: Weighed;
  /** Of each class, where the data were checked. */
  readonly pixels?: readonly number[] | undefined;
}

const counted = async (data: Data): Promise<readonly number[] | undefined> => {
  try {
    return await lastCounted(data, "train", await openFacts(data.root));
  } catch {
    // A split that cannot be listed is told where the data are checked.
    return undefined;
  }
};

parentPort?.on("message", async (asked: Asked) => {
  const { id } = asked;
  const answer: Answered =
    "data" in asked
      ? { id, pixels: await counted(asked.data) }
      : { id, found: weigh(asked.experiment, asked.isWhole) };
  parentPort?.postMessage(answer);
});
