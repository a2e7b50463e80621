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
  const window = (canvas: Rectangle, by: number) => intersect(canvas, widened(crop, by));
  const roomy = growing(make, crop);

  /** What a region of the crop sees of the source, and where it lies in memory from now on. */
  const seen = (source: Labelled, { map, canvas, blur }: Decision, bytes: LabelBytes): Seen => {
    const region = window(canvas, blur ? REACH : 0);
    const part = wholeRows(seenBy(map, region, source), source);
    const room = roomy(part);
    return { room, pixels: load(room, source, part, bytes) };
  };

  const draw = ({ room, pixels }: Seen, { map, canvas, colour, distortion, ...how }: Decision) => {
    const { loops, target } = room;
    const shown = window(canvas, 0);
    const beyond = how.border === null ? fill : word(...how.border, BEYOND);
    if (areaOf(shown) < height * width) loops.words.fill(fill, target.origin, height * width);
    if (how.blur) {
      const region = window(canvas, REACH);
      read(room, pixels, map, region, densely(room.unblurred, region), beyond);
      loops.blur(room.unblurred, region, shown, target, room.blur);
    } else read(room, pixels, map, shown, target, beyond);
    const rows = (each: (start: number, end: number) => void): void => {
      for (let y = shown.top; y < shown.bottom; y++)
        each(y * width + shown.left, y * width + shown.right);
    };
    if (colour !== null) rows((start, end) => recolour(loops.words, start, end, colour));
    if (distortion === null) return;
    const distort = distorter(distortion);
    rows((start, end) => distort(loops.words, start, end));
  };

  return (source, decision, image, labels) => {
    const lower = seen(source, decision, (part) => part);
    draw(lower, decision);
    unpack(lower.room, image, labels);
    if (labels instanceof Uint8Array) return;
    // Blurred too where the colours were: the same arithmetic reads the same neighbours.
    const upper = seen(source, decision, (part) => part.map((label) => label >>> 8));
    draw(upper, { ...decision, colour: null, distortion: null });
    addUpper(upper.room, labels);
  };
}

/** Each byte of the label of a pixel beyond the picture, and so the index that is ignored. */
const BEYOND = 255;

/** Where things lie in the loops' memory: in words, what is raw in bytes. */
interface Room {
  readonly loops: Loops;
  /** The crop. */
  readonly target: Placement;
  /** The crop and what its blur reads. */
  readonly unblurred: number;
  readonly blur: number;
  readonly stretch: number;
  /** `RUN` pixels as an image [RUN, 3] and labels [RUN]. */
  readonly image: number;
  readonly labels: number;
  /** Behind all this: what is seen of the source. */
  readonly source: number;
}

interface Seen {
  readonly room: Room;
  readonly pixels: Source;
}

/** Loops read whole vectors, of up to 16 pixels and some bytes of the next. */
const SLACK = 16;

/** Pixels that are packed or unpacked at a time: their bytes are still in the processor's cache. */
const RUN = 8192;

/** Room for what is seen, made anew where more is seen than ever before. */
const growing = (make: MakeLoops, [height, width]: Sides): ((seen: Rectangle) => Room) => {
  const [area, columns] = [height * width, width + 2 * REACH];
  const unblurred = area;
  const blur = unblurred + (height + 2 * REACH) * columns;
  const stretch = blur + ROOM * columns;
  const image = stretch + STRETCH_ROOM * columns;
  const source = image + RUN + SLACK;
  const placed = {
    unblurred,
    blur,
    stretch,
    image: 4 * image,
    labels: 4 * image + 3 * RUN,
    source,
  };
  const roomOf = (loops: Loops): Room => ({
    loops,
    target: { origin: 0, stride: width },
    ...placed,
  });
  let room = roomOf(make(source));
  return (seen) => {
    const needed = source + areaOf(seen) + SLACK;
    if (needed > room.loops.words.length) room = roomOf(make(needed));
    return room;
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

/** The crop as bytes; of labels of more than one the lowest. */
function unpack({ loops, target, ...room }: Room, image: Uint8Array, labels: ClassIndices): void {
  inRuns(labels.length, (start, count) => {
    loops.unpack(target.origin + start, room.image, room.labels, count);
    image.set(loops.bytes.subarray(room.image, room.image + 3 * count), 3 * start);
    labels.set(loops.bytes.subarray(room.labels, room.labels + count), start);
  });
}

/** Adds the upper bytes of labels whose lower ones are there. */
function addUpper({ loops: { words }, target: { origin } }: Room, labels: Uint16Array): void {
  for (let i = 0; i < labels.length; i++) labels[i]! |= (words[origin + i]! >>> 24) << 8;
}

const widened = ([height, width]: Sides, by: number): Rectangle => ({
  left: -by,
  top: -by,
  right: width + by,
  bottom: height + by,
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
