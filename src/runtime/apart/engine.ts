/** What a runtime of exported networks is to the process in which it runs. */

import type { Answer, Call, Question } from "../exported.js";

export interface Loaded {
  /** With its version. */
  readonly runtime: string;
  readonly ask: (call: Call, results: Question["results"]) => Promise<Answer>;
}

/** @throws AbsentRuntime where it is not installed, Error where it cannot read the network. */
export type Engine = (path: string) => Promise<Loaded>;

export class AbsentRuntime extends Error {}

/** A package, or why it is not there. @throws AbsentRuntime */
export const demand = <A>(load: () => A): A => {
  try {
    return load();
  } catch (error) {
    const [reason = ""] = String(error instanceof Error ? error.message : error).split("\n");
    throw new AbsentRuntime(reason);
  }
};
