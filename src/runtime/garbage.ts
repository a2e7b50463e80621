/** Nothing enters; what JavaScript held outside its heap, and nobody asks for any more, is given back to the system. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Initial weights are hundreds of megabytes of buffers behind a few small objects: V8, which sees the objects, is in no
 * hurry to free them, and a training would carry them through its peak.
 */
export const collectGarbage = (): void => {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
};
