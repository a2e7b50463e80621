/**
 * A ring of batches in shared memory, which threads fill ahead of the step.
 *
 * Writers draw tickets, one a sample, and wait by `Atomics.wait` until their slot is free; the reader takes
 * the slots in the order of the steps. No thread needs another's event loop, which a training step blocks.
 */

import { Failed, type Failure } from "../diagnostic/failure.js";
import type { Sides } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";

export interface Ring {
  readonly slots: number;
  readonly batch: number;
  /** Pixels of a crop. */
  readonly area: number;
  /** The first step, and the step after the last. */
  readonly start: number;
  readonly end: number;
  /** Ticket, closed; then for each slot: the step that may be written, samples done, bytes of a failure. */
  readonly control: Int32Array;
  /** [slots, B, h, w, 3] */
  readonly images: Uint8Array;
  /** [slots, B, h, w] */
  readonly labels: ClassIndices;
  /** [slots, B]: the sample that was written. */
  readonly used: Int32Array;
  /** [slots, MESSAGE]: why a slot will never be full, as JSON. */
  readonly messages: Uint8Array;
}

const [TICKET, CLOSED, SLOTS] = [0, 1, 2];
const [TURN, DONE, FAILED, WORDS] = [0, 1, 2, 3];
const MESSAGE = 8192;

export function createRing(
  slots: number,
  batch: number,
  [height, width]: Sides,
  start: number,
  end: number,
  isWide: boolean,
): Ring {
  const bytes = (n: number) => new Uint8Array(new SharedArrayBuffer(n));
  const area = height * width;
  const control = new Int32Array(new SharedArrayBuffer(4 * (SLOTS + slots * WORDS)));
  for (let slot = 0; slot < slots; slot++) control[word(slot, TURN)] = start + slot;
  const pixels = slots * batch * area;
  const [images, messages] = [bytes(3 * pixels), bytes(slots * MESSAGE)];
  const labels = isWide ? new Uint16Array(new SharedArrayBuffer(2 * pixels)) : bytes(pixels);
  const used = new Int32Array(new SharedArrayBuffer(4 * slots * batch));
  return { slots, batch, area, start, end, control, images, labels, used, messages };
}

/**
 * Writes one sample: image [h, w, 3] and labels [h, w] of place `position` in the batch of `step`. Tells which it was.
 */
export type WriteSample = (
  step: number,
  position: number,
  image: Uint8Array,
  labels: ClassIndices,
) => Promise<number>;

/** A writer's whole life: draws tickets until the last step is written, the ring is closed, or a sample fails. */
export async function writeSamples(ring: Ring, write: WriteSample): Promise<void> {
  const { control, batch, slots } = ring;
  for (;;) {
    const ticket = Atomics.add(control, TICKET, 1);
    const step = ring.start + Math.floor(ticket / batch);
    const position = ticket % batch;
    const slot = (step - ring.start) % slots;
    if (step >= ring.end || !turnOf(ring, slot, step)) return;
    try {
      const used = await write(step, position, ...place(ring, slot, position));
      ring.used[slot * batch + position] = used;
    } catch (error) {
      return report(ring, slot, error);
    }
    Atomics.add(control, word(slot, DONE), 1);
    Atomics.notify(control, word(slot, DONE));
  }
}

export interface Slot {
  /** [B, h, w, 3] */
  readonly images: Uint8Array;
  /** [B, h, w] */
  readonly labels: ClassIndices;
  /** [B] */
  readonly used: readonly number[];
}

/** The batch of a step if it is written within `patience` milliseconds, else `null`. Throws what a writer threw. */
export function takeSlot(ring: Ring, step: number, patience: number): Slot | null {
  const { control, batch, area } = ring;
  const slot = (step - ring.start) % ring.slots;
  const done = Atomics.load(control, word(slot, DONE));
  const failed = Atomics.load(control, word(slot, FAILED));
  if (failed > 0) throw new Failed(recall(ring, slot, failed));
  if (done === batch) {
    const [from, to] = [slot * batch * area, (slot + 1) * batch * area];
    return {
      images: ring.images.subarray(3 * from, 3 * to),
      labels: ring.labels.subarray(from, to),
      used: [...ring.used.subarray(slot * batch, (slot + 1) * batch)],
    };
  }
  if (patience <= 0) return null;
  const since = performance.now();
  Atomics.wait(control, word(slot, DONE), done, patience);
  return takeSlot(ring, step, patience - Math.max(1, performance.now() - since));
}

/** Hands the slot of a taken step back to the writers. */
export function releaseSlot({ control, slots, start }: Ring, step: number): void {
  const slot = (step - start) % slots;
  Atomics.store(control, word(slot, DONE), 0);
  Atomics.store(control, word(slot, TURN), step + slots);
  Atomics.notify(control, word(slot, TURN));
}

/** Sends every writer home. */
export function closeRing({ control, slots }: Ring): void {
  Atomics.store(control, CLOSED, 1);
  for (let slot = 0; slot < slots; slot++) {
    // The waiting compare this word: it must change for one that has not yet fallen asleep.
    Atomics.store(control, word(slot, TURN), -1);
    Atomics.notify(control, word(slot, TURN));
  }
}

const word = (slot: number, which: number): number => SLOTS + slot * WORDS + which;

/** Waits until the slot may be written for this step; `false` if the ring is closed. */
function turnOf({ control }: Ring, slot: number, step: number): boolean {
  for (;;) {
    const turn = Atomics.load(control, word(slot, TURN));
    if (Atomics.load(control, CLOSED) === 1) return false;
    if (turn === step) return true;
    Atomics.wait(control, word(slot, TURN), turn);
  }
}

function place({ images, labels, batch, area }: Ring, slot: number, position: number) {
  const at = (slot * batch + position) * area;
  return [images.subarray(3 * at, 3 * (at + area)), labels.subarray(at, at + area)] as const;
}

/** Leaves the first failure of a slot; mistakes of ours travel the same way, marked by their stack. */
function report({ control, messages }: Ring, slot: number, error: unknown): void {
  const failure: Failure =
    error instanceof Failed
      ? error.failure
      : { kind: "failure", message: "a data worker failed", reason: stackOf(error) };
  const text = new TextEncoder().encode(JSON.stringify(failure));
  const bytes = text.length <= MESSAGE ? text : new TextEncoder().encode(shortened(failure));
  if (Atomics.compareExchange(control, word(slot, FAILED), 0, -1) !== 0) return;
  messages.set(bytes, slot * MESSAGE);
  Atomics.store(control, word(slot, FAILED), bytes.length);
  Atomics.notify(control, word(slot, DONE));
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? "") : String(error));

const shortened = (failure: Failure): string =>
  JSON.stringify({
    ...failure,
    message: failure.message.slice(0, 1000),
    reason: (failure.reason ?? "").slice(0, 1000),
  });

function recall({ messages }: Ring, slot: number, length: number): Failure {
  const bytes = messages.slice(slot * MESSAGE, slot * MESSAGE + length);
  return JSON.parse(new TextDecoder().decode(bytes)) as Failure;
}
