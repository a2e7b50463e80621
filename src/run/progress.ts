/** Shows the progress of something long as events. */

import type { Event } from "./event.js";

/** A promise that reports its progress by a callback, as events that end in its result. */
export async function* progress<A>(
  what: string,
  task: (report: (done: number, total: number) => void) => Promise<A>,
): AsyncGenerator<Event, A> {
  let latest: readonly [done: number, total: number] | null = null;
  let wake: () => void = () => {};
  let over = false;
  const result = task((done, total) => {
    latest = [done, total];
    wake();
  }).finally(() => {
    over = true;
    wake();
  });
  while (!over) {
    await new Promise<void>((resolve) => {
      wake = resolve;
      if (over || latest !== null) resolve();
    });
    if (latest === null) continue;
    const [done, total]: readonly [number, number] = latest;
    latest = null;
    yield { kind: "progress", what, done, total };
  }
  // What came together with the end.
  if (latest !== null) yield { kind: "progress", what, done: latest[0], total: latest[1] };
  return result;
}
