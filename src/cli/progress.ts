/** What a person, or with `--json` a program, sees of a run's events: a bar on a terminal, now and then a line in a pipe. */

import { SingleBar } from "cli-progress";
import type { Failure } from "../diagnostic/failure.js";
import { visible } from "../diagnostic/text.js";
import { count, duration, percent, rateText } from "../report/format.js";
import type { Event } from "../run/event.js";
import { printJsonLine, type Terminal, tell } from "./terminal.js";

export interface Progress {
  readonly show: (event: Event) => void;
  /** A line between the others, whatever is being drawn. */
  readonly say: (text: string) => void;
  /** The last event, for those who read nothing else. */
  readonly failed?: (failure: Failure) => void;
  /** Leaves the terminal as it was. */
  readonly close: () => void;
}

/** One JSON object a line on `out`, as docs/training.md lists them; what a person is told goes to `err` as ever. */
export const eventLines = (terminal: Terminal): Progress => {
  const line = (value: object): void => printJsonLine(terminal, value);
  return {
    show: (event) => line(event.kind === "scored" ? { ...event, scores: undefined } : event),
    say: (text) => tell(terminal, text.trim()),
    failed: ({ kind: _, ...failure }) => line({ kind: "failed", ...failure }),
    close: () => {},
  };
};

/** Images a step, by variant where several are trained. */
export type BatchOf = (variant: string | null) => number;

/** How a thing that has a length is shown. */
interface Meter {
  /** `about` is in the order of importance. */
  readonly draw: (what: string, done: number, total: number, about: readonly string[]) => void;
  /** Something takes a while, and nobody knows how long. */
  readonly wait: () => void;
  readonly close: () => void;
}

export const progressOn = (terminal: Terminal, batchOf: BatchOf = () => 0): Progress => {
  const meter = terminal.err.isTTY ? bar(terminal) : lines(terminal);
  const say = (text: string): void => {
    meter.close();
    tell(terminal, text);
  };
  let pace = pacer(batchOf(null));
  let score: string | undefined;
  const show = (event: Event): void => {
    if (event.kind === "variant") [pace, score] = [pacer(batchOf(event.name)), undefined];
    if (event.kind === "validated") score = `val ${percent(event.miou)}`;
    if (event.kind === "step")
      meter.draw("training", event.step, event.steps, about(pace, event, score));
    else if (event.kind === "progress") {
      meter.draw(event.what, event.done, event.total, []);
      // What follows a count of files is TensorFlow, which takes its time to load and to make a graph.
      if (event.done >= event.total) meter.wait();
    } else {
      const line = lineOf(event);
      if (line !== undefined) say(`${event.kind === "variant" ? "\n" : ""}${visible(line)}`);
    }
  };
  meter.wait();
  return { show, say, close: meter.close };
};

const about = (
  pace: (event: StepEvent) => Pace,
  event: StepEvent,
  score: string | undefined,
): readonly string[] => {
  const { loss, rate, speed } = pace(event);
  const learnt = [`loss ${loss.toFixed(3)}`, ...(score === undefined ? [] : [score])];
  const often = [...learnt, `rate ${rateText(rate)}`];
  if (speed === null) return often;
  const { imagesPerSecond, secondsLeft } = speed;
  return [...often, `${imagesPerSecond.toFixed(1)} images/s`, `${duration(secondsLeft)} left`];
};

/** As many of the words, from the first on, as fit. */
const fitting = (words: readonly string[], width: number): string => {
  const lines = words.map((_, i) => words.slice(0, i + 1).join(" · "));
  return lines.findLast((line) => line.length <= width) ?? "";
};

/** One bar at a time; a new thing begins a new one. */
const bar = ({ err }: Terminal): Meter => {
  let drawn: { readonly what: string; readonly bar: SingleBar } | undefined;
  let waits = false;
  const width = err.columns ?? 80;
  const barsize = width >= 80 ? 24 : width >= 60 ? 12 : 6;
  const wait = (): void => {
    if (drawn === undefined && !waits) err.write(WAITING);
    waits ||= drawn === undefined;
  };
  const close = (): void => {
    if (waits) err.write("\r\x1b[K");
    waits = false;
    drawn?.bar.stop();
    drawn = undefined;
  };
  const start = (what: string, total: number): SingleBar => {
    close();
    const started = new SingleBar({
      stream: err,
      format: `${visible(what)} {bar} {value}/{total} {about}`,
      barsize,
      barCompleteChar: "█",
      barIncompleteChar: "░",
    });
    started.start(total, 0, { about: "" });
    drawn = { what, bar: started };
    return started;
  };
  return {
    draw: (what, done, total, about) => {
      const current = drawn?.what === what ? drawn.bar : start(what, total);
      const taken = `${what} ${done}/${total}`.length + barsize + 3;
      current.update(done, { about: fitting(about, width - taken) });
      if (done >= total) close();
    },
    wait,
    close,
  };
};

/** Until something can be counted. */
const WAITING = "getting ready …";

/** Apart by at least this, whichever is rarer. */
const everySeconds = 5;
const everyShare = 0.05;

/** A line at the first, the last, and rarely between; of each thing by itself, for one may interrupt another. */
const lines = (terminal: Terminal): Meter => {
  const last = new Map<string, { readonly at: number; readonly done: number }>();
  return {
    draw: (what, done, total, about) => {
      const now = performance.now() / 1000;
      const before = last.get(what);
      const due =
        before === undefined ||
        (now - before.at >= everySeconds && done - before.done >= everyShare * total);
      if (!due && done < total) return;
      if (done < total) last.set(what, { at: now, done });
      else last.delete(what);
      const share = Math.floor((100 * done) / Math.max(1, total));
      const line = `${what} ${count(done)}/${count(total)} (${share}%)`;
      tell(terminal, [line, ...about].join(" · "));
    },
    wait: () => {},
    close: () => {},
  };
};

interface Scored {
  readonly miou: number | null;
  readonly pixel_accuracy: number | null;
}

const scoresOf = ({ miou, pixel_accuracy }: Scored): string =>
  pixel_accuracy === null
    ? "no score, for no pixel of its labels counts"
    : `mIoU ${percent(miou)}, pixel accuracy ${percent(pixel_accuracy)}`;

export const lineOf = (event: Event): string | undefined => {
  switch (event.kind) {
    case "started":
      return event.step === 0
        ? `${event.run}: ${count(event.steps)} steps`
        : `${event.run}: continued at step ${count(event.step)} of ${count(event.steps)}`;
    case "variant":
      return `${event.name}, seed ${event.seed} (${event.at} of ${event.of})`;
    case "scored":
      return `${event.split}: ${scoresOf(event.scores)}`;
    case "validated":
      return `step ${count(event.step)}: val ${scoresOf(event)}${event.best ? " · the best so far" : ""}`;
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
