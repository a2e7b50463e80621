/** Asks the compiler's thread, whose program the page holds packed. */

import { Thread } from "../../runtime/browser/thread.js";
import type { Answers } from "../answers.js";
import type { Given } from "./compiler.js";

/** What the compiler in its thread is asked. */
export type Compiler = Thread<Answers>;

export const compilerOf = (program: string, given: Given): Compiler => {
  const worker = new Worker(program);
  worker.postMessage(given);
  return new Thread<Answers>(worker);
};
