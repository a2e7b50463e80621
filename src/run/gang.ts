/**
 * Several processes, one a machine, that train as one: from where they begin, and what they tell each other. Whatever
 * goes wrong in one ends all; the same command then goes on from the last checkpoint.
 */

import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { Failed } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Ops } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Program } from "../plan/program.js";
import { GangBroken } from "../runtime/errors.js";
import type { NumberArray, State, TrainingSession } from "../runtime/session.js";
import { WORDS, wishes } from "../target/agreement.js";
import { tooManyRecoveries } from "./errors.js";
import type { Place } from "./place.js";
import { type Recovery, version } from "./record.js";
import { otherTraining } from "./sharing-errors.js";

export interface Gang extends Place {
  /** Replicas of this process; each has as many. */
  readonly devices: number;
  /** Seconds that a step may take, but for the first. */
  readonly deadline: number;
}

/** A row a replica of this process; what the process says stands in the first. */
const row = (of: Gang, value: number): Float32Array => {
  const all = new Float32Array(of.devices);
  all[0] = value;
  return all;
};

/** What the first of a gang tells the others before the first step. */
export interface Told {
  /** Whether the scores of the step where all begin are known. */
  readonly scored: boolean;
  /** Steps back so far: they decide the rate. */
  readonly recoveries: readonly Recovery[];
}

export interface Beginning extends Told {
  /** Steps that the state has behind it. */
  readonly step: number;
}

/** Of a recovery: its step, and the two words of a factor of 64 bits. */
const PER_RECOVERY = 3;

const wordsOf = ({ scored, recoveries }: Told): Int32Array => {
  const most = Math.floor((WORDS - 2) / PER_RECOVERY);
  if (recoveries.length > most) throw new Failed(tooManyRecoveries(recoveries.length, most));
  const words = new Int32Array(WORDS);
  words.set([scored ? 1 : 0, recoveries.length]);
  for (const [i, { to, factor }] of recoveries.entries())
    words.set([to, ...new Int32Array(Float64Array.of(factor).buffer)], 2 + PER_RECOVERY * i);
  return words;
};

const toldBy = (words: Int32Array): Told => {
  const [scored, length = 0] = words;
  const recoveries = Array.from({ length }, (_, i): Recovery => {
    const [to = 0, ...factor] = words.subarray(2 + PER_RECOVERY * i, 2 + PER_RECOVERY * (i + 1));
    return {
      step: to,
      to,
      what: "",
      factor: new Float64Array(Int32Array.from(factor).buffer)[0] ?? 1,
    };
  });
  return { scored: scored === 1, recoveries };
};

/** Whoever waits for others may be told to stop. */
export const unlessStopped = async <A>(
  waiting: A | Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> => {
  if (signal === undefined) return waiting;
  signal.throwIfAborted();
  const heard = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { signal: heard.signal });
  });
  return Promise.race([waiting, stopped]).finally(() => heard.abort());
};

/** What all processes of a gang must have in common. */
const identityOf = ({ fingerprint }: Program): number =>
  createHash("sha256").update(`${version} ${fingerprint.program}`).digest().readInt32LE(0) >> 1;

/** Networks of other shapes fail before they can say who they are. */
const otherShapes = (error: unknown): never => {
  if (error instanceof GangBroken && /mismatch|inconsistent/i.test(error.failure.reason ?? ""))
    throw new Failed(otherTraining(null));
  throw error;
};

/**
 * From where all begin: what the first of the gang has written and tells; what others tell is not heard.
 * @throws Failed where one trains another program; the signal's reason.
 */
export const begin = async (
  session: TrainingSession,
  of: Gang,
  { program, signal }: { readonly program: Program; readonly signal?: AbortSignal },
  told: Told,
): Promise<Beginning> => {
  const identity = identityOf(program);
  const words = new Int32Array(of.devices * WORDS);
  if (of.rank === 0) words.set(wordsOf(told));
  const agreed = session.run("agree", {
    leads: row(of, of.rank === 0 ? 1 : 0),
    told: words,
    identity: Int32Array.from({ length: of.devices }, () => identity),
  });
  const results = await unlessStopped(Promise.resolve(agreed).catch(otherShapes), signal);
  const { identity: all, step, told: said } = results;
  invariant(all !== undefined && step !== undefined && said !== undefined, "the gang agrees");
  const other = all.data.findIndex((each) => each !== identity);
  if (other >= 0) throw new Failed(otherTraining(of.hosts[Math.floor(other / of.devices)] ?? ""));
  return { step: step.data[0] ?? 0, ...toldBy(Int32Array.from(said.data)) };
};

/** Zeros for whoever is told the state. */
export const nothingYet = (variables: readonly Ops["variable"][]): State =>
  new Map(
    variables.map(({ name, dtype, shape }) => [
      name,
      { shape, data: new (dtype === "f32" ? Float32Array : Int32Array)(product(shape)) },
    ]),
  );

/** Whether anyone in the gang asks to stop, to save, or to go back to the last checkpoint. */
export type Wish = Readonly<Record<(typeof wishes)[number], boolean>>;

export const noWish: Wish = { stop: false, save: false, back: false };

/** What this process wishes at a step, as inputs: f32 `[devices]` each. */
export const wishesOf = (of: Gang, wish: Wish) =>
  Object.fromEntries(wishes.map((name) => [name, row(of, wish[name] ? 1 : 0)]));

/** What is wished by any, as a step tells. */
export const wishedIn = (results: Readonly<Record<string, NumberArray>>): Wish => {
  const isWished = (name: keyof Wish): boolean => (results[name]?.data[0] ?? 0) > 0;
  return { stop: isWished("stop"), save: isWished("save"), back: isWished("back") };
};

/** Sums of all processes are whole numbers of 31 bits: counts travel as two words. */
const WORD = 2 ** 20;

/** Pixels that all processes counted, and of how many images. */
export const countedByAll = async (
  session: TrainingSession,
  of: Gang,
  counts: Float64Array,
  images: number,
): Promise<{ readonly counts: Float64Array; readonly images: number }> => {
  const { length } = counts;
  const words = new Int32Array(of.devices * (2 * length + 1));
  for (const [i, count] of counts.entries()) {
    words[i] = count % WORD;
    words[length + i] = Math.floor(count / WORD);
  }
  words[2 * length] = images;
  const { counts: sums } = await session.run("count", { counts: words });
  invariant(sums !== undefined, "counts are summed");
  return {
    counts: counts.map((_, i) => (sums.data[i] ?? 0) + WORD * (sums.data[length + i] ?? 0)),
    images: sums.data[2 * length] ?? 0,
  };
};

/** Milliseconds in which what was said last reaches those who still listen. */
const SAID = 300;

/**
 * The end of a training: nobody leaves before the first has saved, and all go `back` where it found that what it would
 * save is not worth it.
 */
export const allDone = async (
  session: TrainingSession,
  of: Gang,
  { experiment }: Program,
  back = false,
): Promise<boolean> => {
  const nothing = new Float64Array(experiment.data.classes.length ** 2);
  const { images } = await countedByAll(session, of, nothing, back ? 1 : 0);
  if (images === 0) await setTimeout(SAID);
  return images > 0;
};
