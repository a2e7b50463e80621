/** Asks the compiler's thread, whose program the page holds packed. */

import { Thread } from "../../runtime/browser/thread.js";
import type { Answers, Files } from "../answers.js";

/** What the compiler in its thread is asked. */
export type Compiler = Thread<Answers>;

/** `files` are what the server was given besides the shipped specs. */
export const compilerOf = (program: string, files: Files): Compiler => {
  const worker = new Worker(program);
  worker.postMessage({ files });
  return new Thread<Answers>(worker);
};
