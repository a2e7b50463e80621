/** Step events enter; what a person wants to know of them leaves: smooth loss, images a second, seconds left. */

import type { Event } from "../run/event.js";

export type StepEvent = Extract<Event, { readonly kind: "step" }>;

export interface Pace {
  readonly loss: number;
  readonly rate: number;
  /** Unknown at the first step of a process, which is slow and says nothing. */
  readonly speed: { readonly imagesPerSecond: number; readonly secondsLeft: number } | null;
}

/** Share of the past in the moving means: about the last twenty steps count. */
const keep = 0.95;

/** A follower of one training; `batch` images a step. */
export const pacer = (batch: number): ((event: StepEvent) => Pace) => {
  let loss: number | undefined;
  let seconds: number | undefined;
  let seen = 0;
  return (event) => {
    seen += 1;
    const mean = (past: number | undefined, now: number): number =>
      past === undefined ? now : keep * past + (1 - keep) * now;
    loss = mean(loss, event.loss);
    if (seen === 1) return { loss, rate: event.rate, speed: null };
    seconds = mean(seconds, event.seconds);
    const speed = {
      imagesPerSecond: batch / seconds,
      secondsLeft: (event.steps - event.step) * seconds,
    };
    return { loss, rate: event.rate, speed };
  };
};
