/** Asks the compiler's thread, whose program the page holds packed. */

import type { About, Answer, Ask, Given } from "./compiler.js";

/** The program of a `<script type="application/gzip">`. */
export const unpacked = async (id: string): Promise<string> => {
  const packed = document.getElementById(id)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
};

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly failed?: string;
}

export class Thread {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private count = 0;

  constructor(program: string, given: Given) {
    this.worker = new Worker(program);
    this.worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      this.waiting.get(data.id)?.(data);
      this.waiting.delete(data.id);
    };
    this.worker.postMessage(given);
  }

  ask<K extends Ask>(ask: K, about: About<K>): Promise<Answer<K>> {
    const id = this.count++;
    return new Promise((done, fail) => {
      this.waiting.set(id, ({ answer, failed }) =>
        failed === undefined ? done(answer as Answer<K>) : fail(new Error(failed)),
      );
      this.worker.postMessage({ id, ask, about });
    });
  }
}
