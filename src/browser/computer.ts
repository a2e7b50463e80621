/** Starts the program that computes, which the page holds packed. */

import type { Computer } from "../runtime/browser/network.js";
import { Thread } from "../runtime/browser/thread.js";
import { run, unpacked } from "../runtime/browser/unpack.js";
import { words } from "./words.js";

export interface Started {
  readonly computer: Thread<Computer>;
  /** Null where the page itself computes, and stands still meanwhile. */
  readonly worker: Worker | null;
}

/** In a worker; in the page itself where the browser starts none for a file. */
export const startComputer = async (): Promise<Started> => {
  const program = await unpacked("compute");
  try {
    return await inWorker(program);
  } catch {
    return inPage(program);
  }
};

const inWorker = async (program: ArrayBuffer): Promise<Started> => {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url);
  const computer = new Thread<Computer>(worker);
  worker.addEventListener("error", ({ message }) => computer.end(words.threadEnded(message)));
  // Whether it runs at all is known when it answers.
  await computer.ask("present", null);
  return { computer, worker };
};

const inPage = (program: ArrayBuffer): Started => {
  run(program);
  const { port1, port2 } = new MessageChannel();
  window.postMessage(null, "*", [port2]);
  port1.start();
  return { computer: new Thread<Computer>(port1), worker: null };
};
