/** Events that are worth a line enter; the line leaves. Steps and counts have bars, and none. */

import { count, duration, percent } from "../report/number.js";
import type { Event } from "../run/event.js";

export const lineOf = (event: Event): string | undefined => {
  switch (event.kind) {
    case "started":
      return event.step === 0
        ? `${event.run}: ${count(event.steps)} steps`
        : `${event.run}: continued at step ${count(event.step)} of ${count(event.steps)}`;
    case "variant":
      return `\n${event.name}, seed ${event.seed} (${event.at} of ${event.of})`;
    case "scored":
      return `${event.split}: mIoU ${percent(event.scores.miou)}, pixel accuracy ${percent(event.scores.pixel_accuracy)}`;
    case "validated":
      return `step ${count(event.step)}: val mIoU ${percent(event.miou)}, pixel accuracy ${percent(event.pixel_accuracy)}${event.best ? " · the best so far" : ""}`;
    case "recovered":
      return `step ${count(event.step)} diverged (${event.what}): on from step ${count(event.to)} at ${event.factor} times the rate`;
    case "stopped":
      return `${event.run}: stopped and saved at step ${count(event.step)} of ${count(event.steps)}`;
    case "finished":
      return `${event.run}: finished in ${duration(event.seconds)}`;
    case "skipped":
      return `skipped ${event.file}: ${event.failure.reason ?? event.failure.message}`;
    case "note":
      return `note: ${event.message}`;
    default:
      return undefined;
  }
};
