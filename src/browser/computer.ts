/** Starts the program that computes, which the page holds packed. */

import type { Computer } from "../runtime/browser/network.js";
import { Thread } from "../runtime/browser/thread.js";
import { runPacked, unpacked } from "../runtime/browser/unpack.js";
import { words } from "./words.js";

export interface Started {
  readonly computer: Thread<Computer>;
  /** Null where the page itself computes, and stands still meanwhile. */
  readonly worker: Worker | null;
}

/** In a worker; in the page itself where the browser starts none for a file. */
export const startComputer = async (): Promise<Started> => {
  try {
    return await inWorker();
  } catch {
    return inPage();
  }
};

const inWorker = async (): Promise<Started> => {
  const program = new Blob([await unpacked("compute")], { type: "text/javascript" });
  const worker = new Worker(URL.createObjectURL(program));
  const computer = new Thread<Computer>(worker);
  worker.addEventListener("error", ({ message }) => computer.end(words.threadEnded(message)));
  // Whether it runs at all is known when it answers.
  await computer.ask("present", null);
  return { computer, worker };
};

const inPage = async (): Promise<Started> => {
  await runPacked("compute");
  const { port1, port2 } = new MessageChannel();
  window.postMessage(null, "*", [port2]);
  port1.start();
  return { computer: new Thread<Computer>(port1), worker: null };
};
