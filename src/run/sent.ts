/**
 * What of a run's metrics a tracker has: a journal beside them, one line for each batch that arrived.
 *
 * Metrics are a function of the program, but a run that was killed writes its last lines again, and one whose plan was
 * changed writes others. So a batch is known by its lines and their hash: what the file says otherwise is sent anew.
 */

import { createHash } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
} from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { Failed } from "../diagnostic/failure.js";
import { isMap } from "../language/section.js";
import { parseJson } from "./codec.js";
import { cannotAppend } from "./errors.js";

/** Where a run stands at a tracker. */
export interface Place {
  readonly url: string;
  readonly run_id: string;
}

/** Lines `from` to `to`, counted from 0, without the last. */
interface SentBatch {
  readonly from: number;
  readonly to: number;
  readonly hash: string;
}

export interface Due {
  readonly lines: readonly string[];
  /** Notes that they arrived. @throws Failed where the disk refuses. */
  readonly arrived: () => void;
}

export interface Sent {
  readonly place: Place | null;
  readonly status: string | null;
  /** @throws Failed where the disk refuses. */
  readonly begin: (place: Place) => void;
  readonly setStatus: (status: string) => void;
  /**
   * The next lines that the tracker does not have, at most `most` of them; `null` where it has all. What it has, and the
   * file does not, may be written again, unless the file is `complete`.
   */
  readonly due: (most: number, complete: boolean) => Due | null;
  /** Lines that it does not have yet. */
  readonly left: () => number;
}

/** What the journal says, and the metrics as they stand; they may grow. */
export const openSent = (journal: string, metrics: string): Sent => {
  const { place: first, batches, status: last } = readJournal(journal);
  let [place, status, known] = [first, last, [...batches]];
  const tail = tailOf(metrics);
  // Those that the tracker does not have, or may not have.
  let lines: string[] = [];
  let at = 0;
  const write = (value: object, fresh = false): void => append(journal, value, fresh);
  /** Passes over what arrived already, as far as the file has grown again. */
  const skip = (): void => {
    lines.push(...tail());
    for (let [batch] = known; batch !== undefined; [batch] = known) {
      const length = batch.to - batch.from;
      if (lines.length < length) return;
      if (batch.from !== at || hashOf(lines.slice(0, length)) !== batch.hash) known = [];
      else {
        known = known.slice(1);
        lines = lines.slice(length);
        at = batch.to;
      }
    }
  };
  return {
    get place() {
      return place;
    },
    get status() {
      return status;
    },
    begin: (now) => {
      write(now, true);
      [place, status, known] = [now, null, []];
    },
    setStatus: (now) => {
      write({ status: now });
      status = now;
    },
    due: (most, complete) => {
      skip();
      if (complete) known = [];
      if (lines.length === 0 || known.length > 0) return null;
      const some = lines.slice(0, most);
      const to = at + some.length;
      return {
        lines: some,
        arrived: () => {
          write({ from: at, to, hash: hashOf(some) });
          lines = lines.slice(some.length);
          at = to;
        },
      };
    },
    left: () => {
      skip();
      return known.length > 0 ? 0 : lines.length;
    },
  };
};

/** Where a run stands at a tracker; `null` where it was never tracked. */
export const placeOf = (journal: string): Place | null => readJournal(journal).place;

/** A later batch that begins before others end takes their place. A line that was cut short does not count. */
const readJournal = (file: string) => {
  let place: Place | null = null;
  let status: string | null = null;
  let batches: readonly SentBatch[] = [];
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  for (const line of text.split("\n").slice(0, -1)) {
    const { url, run_id, from, to, hash, status: told } = fieldsOf(line);
    if (typeof url === "string" && typeof run_id === "string") place = { url, run_id };
    if (typeof told === "string") status = told;
    if (typeof from === "number" && typeof to === "number" && typeof hash === "string")
      batches = [...batches.filter((batch) => batch.to <= from), { from, to, hash }];
  }
  return { place, status, batches };
};

/** The fields of a line of JSON; none where it is no map. */
export const fieldsOf = (line: string): Readonly<Record<string, unknown>> =>
  pipe(
    parseJson(line),
    E.filterOrElse(isMap, () => ""),
    E.getOrElse(() => ({})),
  );

const append = (file: string, value: object, fresh: boolean): void => {
  try {
    appendFileSync(file, `${JSON.stringify(value)}\n`, { flag: fresh ? "w" : "a" });
  } catch (error) {
    throw new Failed(cannotAppend(file, error));
  }
};

const hashOf = (lines: readonly string[]): string =>
  createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 16);

/** The whole lines that a file gained since the last call. */
export const tailOf = (file: string): (() => readonly string[]) => {
  let offset = 0;
  return () => {
    if (!existsSync(file)) return [];
    const descriptor = openSync(file, "r");
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(descriptor).size - offset));
      const text = bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset));
      const end = text.lastIndexOf(10) + 1;
      offset += end;
      return end === 0
        ? []
        : text
            .subarray(0, end - 1)
            .toString("utf8")
            .split("\n");
    } finally {
      closeSync(descriptor);
    }
  };
};
