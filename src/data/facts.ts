/**
 * What the files of a data set hold, whatever a spec makes of it, and a store that remembers it.
 *
 * The store looks at a file again only if its size or its times (of content and of inode, in nanoseconds) have
 * changed, and then hashes its bytes: equal bytes have equal facts. The digest of a file that was looked at is thereby
 * known, and costs no second reading. The store lies outside the data, is replaced in one move, and counts as empty if
 * damaged.
 */

import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as T from "fp-ts/lib/Task.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { Failure } from "../diagnostic/failure.js";
import { cacheFolder } from "../file/places.js";
import { readRegular } from "../file/regular.js";
import type { Size } from "../language/geometry.js";
import type { Data } from "../normalize/experiment.js";
import { decodePicture } from "./decode-picture.js";
import { isTurned } from "./image.js";
import { decodeLabel } from "./label-file.js";
import type { PictureReading } from "./picture.js";
import { digestFile, type Report, readWhole } from "./read-file.js";
import { makeFolder, writeFileAtomic } from "./write.js";

/** Plain data, so that they can be kept. */
export interface ImageFacts extends Size {
  /** Whether the file's EXIF turns its picture. */
  readonly turned: boolean;
  /** A digest of the decoded pixels: equal for pictures that are equal, however they are stored. */
  readonly pixels: string;
  /** The least and the largest value of any channel, of 0 to 255. */
  readonly limits: readonly [low: number, high: number];
}

export interface LabelFacts extends Size {
  /** Pixels of each value, the most frequent first; at most `LISTED` values. */
  readonly values: readonly (readonly [value: number, pixels: number])[];
  /** Values beyond those. */
  readonly unlisted: number;
  /** A digest of the values of all pixels. */
  readonly pixels: string;
  /** `0xRRGGBB` of each value that occurs, in their order, where the file has a palette. */
  readonly colours: readonly number[] | null;
}

/** More values than any label map has: a file with more holds no labels. */
const LISTED = 1024;

/** What is asked of an image is another question where a spec reads it otherwise. */
export const imageQuestion = (reading: PictureReading | null): string =>
  reading === null ? "image" : `image ${JSON.stringify(reading)}`;

export const imageFacts =
  (reading: PictureReading | null): Examine<ImageFacts> =>
  (bytes, path) =>
    pipe(
      TE.Do,
      TE.apS("picture", decodePicture(bytes, path, reading)),
      TE.apS(
        "turned",
        TE.fromTask(() => isTurned(bytes)),
      ),
      TE.map(({ picture: { pixels, height, width }, turned }) => ({
        height,
        width,
        turned,
        pixels: digest(pixels, height, width),
        limits: limitsOf(pixels),
      })),
    );

export const labelFacts =
  (format: Data["label_format"]): Examine<LabelFacts> =>
  (bytes, path) =>
    pipe(
      decodeLabel(format)(bytes, path),
      TE.map(({ values, height, width, palette }) => {
        const counted = [...histogram(values)].sort(([, a], [, b]) => b - a);
        const listed = counted.slice(0, LISTED);
        return {
          height,
          width,
          values: listed,
          unlisted: counted.length - listed.length,
          pixels: digest(values, height, width),
          colours: palette && listed.map(([value]) => palette[value] ?? 0),
        };
      }),
    );

const digest = (
  values: Uint8Array | Uint16Array | Int32Array,
  height: number,
  width: number,
): string => createHash("sha1").update(`${height} ${width} `).update(values).digest("hex");

const limitsOf = (pixels: Uint8Array): readonly [low: number, high: number] => {
  let [low, high] = [255, 0];
  for (const value of pixels) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
};

/** Runs of one value are counted at once. */
function histogram(values: ArrayLike<number>): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  let start = 0;
  for (let i = 1; i <= values.length; i++) {
    const value = values[start]!; // within its length
    if (i < values.length && values[i] === value) continue;
    counts.set(value, (counts.get(value) ?? 0) + i - start);
    start = i;
  }
  return counts;
}

export type Facts<A> = A | { readonly failure: Failure };

export const isFailure = <A extends object>(
  facts: Facts<A>,
): facts is { readonly failure: Failure } => "failure" in facts;

export interface FactStore {
  /** `kind` tells apart what is asked of one file. Never throws for the file's sake. */
  readonly of: <A>(path: string, kind: string, examine: Examine<A>) => Promise<Facts<A>>;
  /** What was seen when the file was last looked at; it may be another by now. */
  readonly known: <A>(path: string, kind: string) => Facts<A> | undefined;
  /** SHA-256 of the bytes that `of` has seen in this store's life; of those that are there, where it was not asked. */
  readonly digest: (path: string, report?: Report) => Promise<E.Either<Failure, string>>;
  /** Keeps what is known now; a place that cannot be written is no mistake. */
  readonly save: () => Promise<void>;
}

export type Examine<A> = (bytes: Buffer, path: string) => TE.TaskEither<Failure, A>;

interface KnownFile {
  /** Size and times of the file; `null` while they say nothing. */
  readonly stamp: string | null;
  /** Of its bytes. */
  readonly hash: string;
  /** By their kind. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A file changed so shortly before it was looked at may change again without a trace in its times. */
const RACE_NS = 2_000_000_000n;

export async function openFacts(root: string, folder: string = usual()): Promise<FactStore> {
  const file = join(folder, `${sha256(root).slice(0, 24)}.jsonl`);
  const files = load(file, root);
  const seen = new Map<string, string>();
  let changed = false;
  const learn = (path: string, { stamp, hash, facts }: KnownFile): void => {
    const known = files.get(path);
    // What was learnt under these very bytes is true again.
    const before = known?.hash === hash ? known.facts : {};
    files.set(path, { stamp, hash, facts: { ...before, ...facts } });
    changed = true;
  };
  const of = async <A>(path: string, kind: string, examine: Examine<A>): Promise<Facts<A>> => {
    const known = files.get(path);
    const stamp = stampOf(path);
    const isKnown = known !== undefined && Object.hasOwn(known.facts, kind);
    if (isKnown && stamp !== null && known.stamp === stamp) {
      seen.set(path, known.hash);
      return known.facts[kind] as Facts<A>;
    }
    const read = await readWhole(path)();
    if (E.isLeft(read)) return { failure: read.left };
    const hash = sha256(read.right);
    seen.set(path, hash);
    // Still of this type: the kind says so.
    const facts: Facts<A> =
      isKnown && known.hash === hash
        ? (known.facts[kind] as Facts<A>)
        : await pipe(
            examine(read.right, path),
            TE.getOrElseW((failure) => T.of({ failure })),
          )();
    learn(path, { stamp, hash, facts: { [kind]: facts } });
    return facts;
  };
  // Of this type, as in `of`.
  const known = <A>(path: string, kind: string) =>
    files.get(path)?.facts[kind] as Facts<A> | undefined;
  const digest: FactStore["digest"] = async (path, report) => {
    const known = files.get(path);
    const stamp = stampOf(path);
    const hash = seen.get(path) ?? (stamp !== null && known?.stamp === stamp ? known.hash : null);
    if (hash !== null) return E.right(hash);
    const read = await digestFile(path, report)();
    if (E.isRight(read)) learn(path, { stamp, hash: read.right, facts: {} });
    return read;
  };
  const save = async (): Promise<void> => {
    if (changed) await keep(file, root, files).catch(() => {});
  };
  return { of, known, digest, save };
}

function stampOf(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return null;
  const age = BigInt(Date.now()) * 1_000_000n - stat.ctimeNs;
  return age < RACE_NS ? null : `${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

/** Beside set-up's cache. */
function usual(): string {
  return join(cacheFolder(), "facts");
}

/** Of another version, or a damaged file, nothing is known. */
const VERSION = 3;

/** Of a store: far above that of a million files. */
const MOST_BYTES = 2 ** 28;

function load(file: string, root: string): Map<string, KnownFile> {
  const read = readRegular(file, MOST_BYTES);
  if (E.isLeft(read)) return new Map();
  try {
    const text = read.right.toString("utf8");
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    if (text.slice(0, end) !== header(root, body)) return new Map();
    return new Map(JSON.parse(body) as [string, KnownFile][]);
  } catch {
    return new Map();
  }
}

const header = (root: string, body: string): string =>
  JSON.stringify({ version: VERSION, root, sha256: sha256(body) });

async function keep(file: string, root: string, files: ReadonlyMap<string, KnownFile>) {
  const folder = join(file, "..");
  makeFolder(folder);
  const body = JSON.stringify([...files]);
  await writeFileAtomic(file, `${header(root, body)}\n${body}`, false);
  await prune(folder);
}

/** Stores of folders that are gone serve nobody. */
async function prune(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const { root } = JSON.parse(await firstLine(file)) as { readonly root?: string };
    if (root !== undefined && !existsSync(root)) await rm(file, { force: true });
  }
}

async function firstLine(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8192), 0, 8192, 0);
    return buffer.toString("utf8", 0, bytesRead).split("\n", 1)[0] ?? "";
  } finally {
    await file.close();
  }
}
