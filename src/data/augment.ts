/**
 * Carries out what was decided for a sample of an epoch: reads the picture once, through one affine map and for the
 * crop's window only, then blurs and recolours it.
 */

import type { Sides, Size } from "../language/geometry.js";
import type { ClassIndices } from "../language/labels.js";
import type { Data, Train } from "../normalize/experiment.js";
import { type Decision, decide, type Rectangle } from "../plan/augment.js";
import type { Affine } from "../plan/transform.js";
import { REACH, ROOM } from "./blur.js";
import { distorter } from "./distort.js";
import { type Loops, type MakeLoops, type Placement, plain } from "./loops.js";
import { recolour, word } from "./packed.js";
import { resample, type Source, STRETCH_ROOM, seenBy, stretch } from "./resample.js";
import type { Labelled } from "./sample.js";

/** Writes image [h, w, 3] and labels [h, w]; tells what was decided. */
export type Augment = (
  source: Labelled,
  epoch: number,
  /** Of the sample in its split. */
  index: number,
  image: Uint8Array,
  labels: ClassIndices,
) => Decision;

export function augmenter(
  { mean }: Pick<Data, "mean">,
  { seed, crop, augment: pipeline }: Pick<Train, "seed" | "crop" | "augment">,
  loops: MakeLoops = plain,
): Augment {
  const warp = warper(crop, mean, loops);
  return (source, epoch, index, image, labels) => {
    const size = [source.height, source.width] as const;
    const asked = { pipeline, seed, epoch, index, size, crop, mean };
    const decision = decide(asked, largestShare(source));
    warp(source, decision, image, labels);
    return decision;
  };
}

/** Every fourth pixel of every fourth row stands for its neighbours: regions are larger than that. */
const STEP = 4;

/**
 * The share of the most frequent class among the pixels that count, read where the crop will read them.
 * A crop without one has share 1, so that another is drawn.
 */
export const largestShare =
  ({ labels, height, width }: Labelled) =>
  ({ crop, map: [a, b, c, d, e, f], canvas }: Decision): number => {
    const counts = new Int32Array(labels instanceof Uint8Array ? 256 : 65536);
    const ignored = counts.length - 1;
    let counted = 0;
    const [top, left] = [Math.max(0, canvas.top), Math.max(0, canvas.left)];
    for (let y = top; y < Math.min(crop[0], canvas.bottom); y += STEP)
      for (let x = left; x < Math.min(crop[1], canvas.right); x += STEP) {
        const u = Math.round(a * x + b * y + c);
        const v = Math.round(d * x + e * y + f);
        if (u < 0 || v < 0 || u >= width || v >= height) continue;
        const label = labels[v * width + u]!;
        if (label === ignored) continue;
        counts[label]!++;
        counted++;
      }
    return counted === 0 ? 1 : counts.reduce((most, n) => Math.max(most, n), 0) / counted;
  };

export type Warp = (
  source: Labelled,
  decision: Decision,
  /** [h, w, 3] */
  image: Uint8Array,
  /** [h, w] */
  labels: ClassIndices,
) => void;

/** A warp for crops of one size. Padding takes `mean` (RGB) and is ignored; what lies beyond the source too, or the decision's border. */
export function warper(
  crop: Sides,
  mean: readonly [number, number, number],
  make: MakeLoops = plain,
): Warp {
  const [height, width] = crop;
  const [red, green, blue] = mean;
  const fill = word(Math.round(red), Math.round(green), Math.round(blue), BEYOND);
  const whole: Rectangle = { left: 0, top: 0, right: width, bottom: height };
  const roomy = growing(make, width);

  /** Fills the first words of the room with rows of the crop. */
  const draw = (room: Room, source: Source, how: Decision, strip: Rectangle): void => {
    const { words } = room.loops;
    const { map, canvas, colour, distortion, border } = how;
    const [target, shown] = [densely(0, strip), intersect(canvas, strip)];
    if (areaOf(shown) < areaOf(strip)) words.fill(fill, 0, areaOf(strip));
    if (shown.top >= shown.bottom) return;
    const beyond = border === null ? fill : word(...border, BEYOND);
    if (how.blur) {
      const region = intersect(canvas, widened(strip, REACH));
      read(room, source, map, region, densely(room.unblurred, region), beyond);
      room.loops.blur(room.unblurred, region, shown, target, room.blur);
    } else read(room, source, map, shown, target, beyond);
    const rows = (each: (start: number, end: number) => void): void => {
      for (let y = shown.top; y < shown.bottom; y++)
        each(target.origin + y * width + shown.left, target.origin + y * width + shown.right);
    };
    if (colour !== null) rows((start, end) => recolour(words, start, end, colour));
    if (distortion === null) return;
    const distort = distorter(distortion);
    rows((start, end) => distort(words, start, end));
  };

  /** Strip by strip, each of which is handed on: all of its steps find it in the processor's cache. */
  const pass = (source: Labelled, how: Decision, bytes: LabelBytes, leave: Leave): void => {
    const region = intersect(how.canvas, widened(whole, how.blur ? REACH : 0));
    const part = wholeRows(seenBy(how.map, region, source), source);
    const room = roomy(part);
    const pixels = load(room, source, part, bytes);
    for (let top = 0; top < height; top += STRIP) {
      const strip = { ...whole, top, bottom: Math.min(top + STRIP, height) };
      draw(room, pixels, how, strip);
      leave(room, top * width, areaOf(strip));
    }
  };

  return (source, decision, image, labels) => {
    const lower: LabelBytes = (part) => part;
    pass(source, decision, lower, (...strip) => unpack(...strip, image, labels));
    if (labels instanceof Uint8Array) return;
    const upper: LabelBytes = (part) => part.map((label) => label >>> 8);
    // Blurred too where the colours were: the same arithmetic reads the same neighbours.
    const still = { ...decision, colour: null, distortion: null };
    pass(source, still, upper, (...strip) => addUpper(...strip, labels));
  };
}

/** Each byte of the label of a pixel beyond the picture, and so the index that is ignored. */
const BEYOND = 255;

/** Where things lie in the loops' memory: in words, what is raw in bytes. */
interface Room {
  readonly loops: Loops;
  /** Behind a strip of the crop: the same with what its blur reads. */
  readonly unblurred: number;
  readonly blur: number;
  readonly stretch: number;
  /** `RUN` pixels as an image [RUN, 3] and labels [RUN]. */
  readonly image: number;
  readonly labels: number;
  /** Behind all this: what is seen of the source. */
  readonly source: number;
}

/** Takes the `count` pixels from `first` on, which stand in the first words. */
type Leave = (room: Room, first: number, count: number) => void;

/** Loops read whole vectors, of up to 16 pixels and some bytes of the next. */
const SLACK = 16;

/** Pixels that are packed or unpacked at a time: their bytes are still in the processor's cache. */
const RUN = 8192;

/** Rows that are made at a time. Where they are blurred, four more are read. */
const STRIP = 48;

/** Room for strips of this width and for what is seen, made anew where more is seen than ever before. */
const growing = (make: MakeLoops, width: number): ((seen: Rectangle) => Room) => {
  const columns = width + 2 * REACH;
  const unblurred = STRIP * width;
  const blur = unblurred + (STRIP + 2 * REACH) * columns;
  const stretch = blur + ROOM * columns;
  const raw = stretch + STRETCH_ROOM * columns;
  const [image, labels] = [4 * raw, 4 * raw + 3 * RUN];
  const source = raw + RUN + SLACK;
  let loops = make(source);
  return (seen) => {
    const needed = source + areaOf(seen) + SLACK;
    if (needed > loops.words.length) loops = make(needed);
    return { loops, unblurred, blur, stretch, image, labels, source };
  };
};

/** The bytes of labels that travel with the colours. */
type LabelBytes = (labels: ClassIndices) => ClassIndices;

/** Packs part of a picture: row by row, or in one piece where its rows are whole. */
function load(room: Room, picture: Labelled, part: Rectangle, bytes: LabelBytes): Source {
  const { loops, source } = room;
  const { image, labels, height, width } = picture;
  const [stride, rows] = [part.right - part.left, part.bottom - part.top];
  const [pieces, length] = stride === width ? [1, rows * width] : [rows, stride];
  const colours = new Uint8Array(image.buffer, image.byteOffset, image.length);
  for (let piece = 0; piece < pieces; piece++)
    inRuns(length, (start, count) => {
      const from = (part.top + piece) * width + part.left + start;
      loops.bytes.set(colours.subarray(3 * from, 3 * (from + count)), room.image);
      loops.bytes.set(bytes(labels.subarray(from, from + count)), room.labels);
      loops.pack(room.image, room.labels, source + piece * stride + start, count);
    });
  return { height, width, stride, origin: source - part.top * stride - part.left };
}

function inRuns(length: number, each: (start: number, count: number) => void): void {
  for (let start = 0; start < length; start += RUN) each(start, Math.min(RUN, length - start));
}

/** Rows of which most is seen are taken whole: one long copy costs less than many short ones. */
const wholeRows = (part: Rectangle, { width }: Size): Rectangle =>
  2 * (part.right - part.left) > width ? { ...part, left: 0, right: width } : part;

function read(
  room: Room,
  source: Source,
  map: Affine,
  region: Rectangle,
  target: Placement,
  fill: number,
) {
  const straight = map[1] === 0 && map[3] === 0;
  if (straight) stretch(room.loops, source, map, region, target, room.stretch);
  else resample(room.loops, source, map, region, target, fill);
}

/** Pixels of the crop as bytes; of labels of more than one the lowest. */
function unpack(
  { loops, ...room }: Room,
  first: number,
  count: number,
  image: Uint8Array,
  labels: ClassIndices,
): void {
  inRuns(count, (start, some) => {
    loops.unpack(start, room.image, room.labels, some);
    image.set(loops.bytes.subarray(room.image, room.image + 3 * some), 3 * (first + start));
    labels.set(loops.bytes.subarray(room.labels, room.labels + some), first + start);
  });
}

/** Adds the upper bytes of labels whose lower ones are there. */
function addUpper({ loops: { words } }: Room, first: number, count: number, labels: Uint16Array) {
  for (let i = 0; i < count; i++) labels[first + i]! |= (words[i]! >>> 24) << 8;
}

const widened = (of: Rectangle, by: number): Rectangle => ({
  left: of.left - by,
  top: of.top - by,
  right: of.right + by,
  bottom: of.bottom + by,
});

const intersect = (a: Rectangle, b: Rectangle): Rectangle => ({
  left: Math.max(a.left, b.left),
  top: Math.max(a.top, b.top),
  right: Math.min(a.right, b.right),
  bottom: Math.min(a.bottom, b.bottom),
});

const areaOf = (r: Rectangle): number => (r.right - r.left) * (r.bottom - r.top);

/** A region stored without gaps from a word on. */
function densely(first: number, region: Rectangle): Placement {
  const stride = region.right - region.left;
  return { origin: first - region.top * stride - region.left, stride };
}
