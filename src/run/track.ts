/**
 * Lets a tracker follow a training: passes its events on, and sends what `metrics.jsonl` gains beside the steps.
 *
 * The file is what counts, and a journal in the run folder says how much of it arrived. A tracker that is away, slow or
 * wrong costs the training nothing: what is missing is sent later, by this process or by the next one.
 */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { refusedBySystem } from "../file/system.js";
import type { Event } from "./event.js";
import { bestFile, logFile, metricsFile, runFile, trackerFile, weightsFile } from "./folder.js";
import { lockFile } from "./lock.js";
import { type Mlflow, MOST, mlflowAt, type Point, type Status } from "./mlflow.js";
import { type Run, readRecord } from "./record.js";
import { fieldsOf, openSent, placeOf, type Sent, tailOf } from "./sent.js";
import { notAllSent } from "./sharing-errors.js";

export interface TrackRequest {
  /** The run's. */
  readonly folder: string;
  /** Of an MLflow server: `http://127.0.0.1:5000`. */
  readonly url: string;
  /** `process.env` unless said: names the experiment, and holds credentials, as MLflow's own clients read them. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Seconds between two sendings (5), and for which an answer is waited for (10). */
  readonly every?: number;
  readonly patience?: number;
}

/** The tracker that a run was sent to before, or `null`. */
export const trackedBefore = (folder: string): string | null =>
  placeOf(trackerFile(folder))?.url ?? null;

/** The events of a training, and notes where its tracker goes and comes. Throws what the training throws, nothing else. */
export async function* tracked(
  events: AsyncGenerator<Event, void>,
  request: TrackRequest,
): AsyncGenerator<Event, void> {
  const sender = openSender(request);
  let hasBegun = false;
  try {
    for await (const event of events) {
      yield event;
      if (event.kind === "started") {
        hasBegun = true;
        sender.reopen();
      }
      if (hasBegun) sender.wake();
      yield* sender.notes();
    }
    await sender.finish(false);
  } catch (error) {
    // Whoever holds the folder now tells the tracker how it goes.
    if (hasBegun && !existsSync(lockFile(request.folder))) await sender.finish(true);
    throw error;
  } finally {
    sender.close();
  }
  yield* sender.notes();
}

const openSender = (request: TrackRequest) => {
  const { folder, url, environment = process.env, every = 5, patience = 10 } = request;
  const waiting = waits(patience);
  const server = mlflowAt({ url, environment }, waiting.begin);
  const opened = () => openBooks(folder);
  let books: Books | null = null;
  let working: Promise<void> | null = null;
  let due = 0;
  let [failed, problem]: [number, Failure | null] = [0, null];
  const notes: string[] = [];

  const attempt = async (last: Status | null): Promise<void> => {
    try {
      books ??= opened();
      await send(server, folder, books, last, waiting.renew);
      if (failed > 0) notes.push(`${server.url} answers again, and has all that was missing`);
      [failed, problem] = [0, null];
    } catch (error) {
      const failure = error instanceof Failed ? error.failure : refusedBySystem(error);
      if (failure === null) throw error;
      const { message, reason } = failure;
      if (failed === 0)
        notes.push(
          `${message}${reason === undefined ? "" : ` (${reason})`}; training goes on, and what is missing is sent later`,
        );
      [failed, problem] = [failed + 1, failure];
    }
    // A server that is away is asked less and less often, every five minutes at last.
    due = performance.now() + 1000 * Math.min(every * 2 ** failed, 300);
  };
  return {
    /** The metrics were taken back to a checkpoint: they are read anew. */
    reopen: () => {
      books = null;
      due = Math.min(due, performance.now());
    },
    wake: () => {
      if (working !== null || performance.now() < due) return;
      working = attempt(null).finally(() => {
        working = null;
      });
      // It is awaited at the end; until then a mistake of ours must not end the training.
      working.catch(() => {});
    },
    /** Everything that is missing, as long as the server answers. */
    finish: async (isFailed: boolean): Promise<void> => {
      await working;
      const record = readRecord(folder);
      if (E.isLeft(record)) return;
      books = null;
      await attempt(
        isFailed ? "FAILED" : record.right.state === "finished" ? "FINISHED" : "KILLED",
      );
      const missing = opened().sent.left();
      if (problem !== null && missing > 0)
        notes.push(notAllSent(server.url, folder, missing, record.right.state === "finished"));
    },
    notes: function* (): Generator<Event> {
      for (const message of notes.splice(0)) yield { kind: "note", message };
    },
    close: waiting.end,
  };
};

interface Books {
  readonly sent: Sent;
  /** When each step was done, in ms since 1970. */
  readonly timeOf: (step: number) => number;
}

const openBooks = (folder: string): Books => ({
  sent: openSent(trackerFile(folder), metricsFile(folder)),
  timeOf: timesIn(logFile(folder)),
});

/** Each line has at most five metrics. */
const LINES = Math.floor(MOST / 5);

const send = async (
  server: Mlflow,
  folder: string,
  { sent, timeOf }: Books,
  last: Status | null,
  renew: () => void,
): Promise<void> => {
  const record = readRecord(folder);
  if (E.isLeft(record)) return;
  const run = record.right;
  if (sent.place?.url !== server.url)
    sent.begin({ url: server.url, run_id: await server.begin(folder, run) });
  const id = sent.place?.run_id ?? "";
  const now = last ?? "RUNNING";
  if (sent.status !== now && last === null) {
    await server.status(id, now);
    sent.setStatus(now);
  }
  const complete = last === "FINISHED";
  for (let due = sent.due(LINES, complete); due !== null; due = sent.due(LINES, complete)) {
    const points = due.lines.flatMap(pointsIn(timeOf));
    if (points.length > 0) await server.log(id, points);
    due.arrived();
    renew();
  }
  if (last !== null && sent.status !== last) {
    await server.tag(id, about(folder, run));
    await server.status(id, last);
    sent.setStatus(last);
  }
};

/** What is known of a run at its end, and where its files lie; they are not sent. */
const about = (folder: string, run: Run): Readonly<Record<string, string>> => {
  const files = { weights: weightsFile(folder), best: bestFile(folder), record: runFile(folder) };
  const there = Object.entries({ ...files, metrics: metricsFile(folder) }).filter(([, file]) =>
    existsSync(file),
  );
  const listed = there.map(([name, file]) => [`pspc.file.${name}`, resolve(file)]);
  const text = there.map(([name, file]) => `- ${name}: \`${resolve(file)}\``).join("\n");
  const changes = run.amendments.map(({ step, changes: all }) => `step ${step}: ${all.join("; ")}`);
  return {
    ...Object.fromEntries(listed),
    "pspc.folder": resolve(folder),
    "pspc.steps": `${run.step} of ${run.steps}`,
    "pspc.seconds": run.seconds.toFixed(1),
    ...(run.peak_memory === null ? {} : { "pspc.peak_memory": String(run.peak_memory) }),
    ...(changes.length === 0 ? {} : { "pspc.amendments": changes.join("\n").slice(0, 5000) }),
    "mlflow.note.content": `Files of this run in \`${join(resolve(folder), "")}\`:\n\n${text}`,
  };
};

const counted = ["loss", "main", "auxiliary", "rate"] as const;
const scored = ["miou", "mean_accuracy", "pixel_accuracy"] as const;

/** `loss`, `rate` of a step; `val/miou` of a validation. A score that is unknown is no number, and is left out. */
const pointsIn =
  (timeOf: Books["timeOf"]) =>
  (line: string): readonly Point[] => {
    const metric = fieldsOf(line);
    const step = Number(metric.step);
    const point = (key: string, value: unknown): readonly Point[] =>
      typeof value === "number" ? [{ key, value, step, timestamp: timeOf(step) }] : [];
    const { split } = metric;
    return typeof split === "string"
      ? scored.flatMap((name) => point(`${split}/${name}`, metric[name]))
      : counted.flatMap((name) => point(name, metric[name]));
  };

/** From the log, which has the time of each event and the seconds of each step; now, where it does not say it yet. */
const timesIn = (log: string): Books["timeOf"] => {
  const tail = tailOf(log);
  const times = new Map<number, number>();
  let clock = Date.now();
  return (step) => {
    for (const line of times.has(step) ? [] : tail()) {
      const { at, kind, step: done, seconds } = fieldsOf(line);
      if (typeof at === "string") clock = Date.parse(at);
      if (kind === undefined && typeof seconds === "number" && typeof done === "number") {
        clock += 1000 * seconds;
        times.set(done, Math.round(clock));
      }
    }
    return times.get(step) ?? Date.now();
  };
};

/**
 * How long an answer is waited for, in turns of a clock that stands still while a step blocks this thread: an answer
 * that came meanwhile is not late.
 */
const waits = (patience: number) => {
  let [left, stop] = [patience, new AbortController()];
  const clock = setInterval(() => {
    left -= 1;
    if (left <= 0) stop.abort(new Error(`no answer within ${patience} seconds`));
  }, 1000);
  clock.unref();
  const renew = (): void => {
    left = patience;
  };
  return {
    renew,
    begin: (): AbortSignal => {
      if (stop.signal.aborted) stop = new AbortController();
      renew();
      return stop.signal;
    },
    end: (): void => {
      clearInterval(clock);
      stop.abort();
    },
  };
};
