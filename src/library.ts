/** What programs ask for first: the program of a spec or of a run, and pictures and classes as bytes of files. */

import * as E from "fp-ts/lib/Either.js";
import sharp from "sharp";
import { type Check, compile, type World } from "./compile.js";
import { decodePicture } from "./data/decode-picture.js";
import { tooManyPixels } from "./data/errors.js";
import type { Palette } from "./data/palette.js";
import type { Picture, PictureReading } from "./data/picture.js";
import { encodeClasses as encode } from "./data/write-image.js";
import { Failed, orThrow } from "./diagnostic/failure.js";
import { render } from "./diagnostic/render.js";
import { inspect } from "./file/module.js";
import { thisMachine } from "./host.js";
import type { ChildSpec, WholeSpec } from "./language/define.js";
import type { Size } from "./language/geometry.js";
import type { ClassIndices } from "./language/labels.js";
import type { Program } from "./plan/program.js";
import { readRun } from "./run/record.js";
import type { Evaluated } from "./source/module.js";
import { lower } from "./tensorflow/target.js";

/** A spec is wrong. The message shows every mistake with its place, reason and remedy, as `pspc check` prints them. */
export class SpecError extends Error {
  constructor(readonly check: Check<unknown>) {
    super(`the spec is wrong\n${render(check.diagnostics, check.sources, { colour: false })}`);
    this.name = "SpecError";
  }
}

export interface SpecOptions {
  /** What stands behind `#`. */
  readonly variant?: string;
  /** `path.to.key=value`, in the order in which they apply. */
  readonly overrides?: readonly string[];
  /** `thisMachine()` unless said: relative names start from the working directory. */
  readonly world?: World;
}

/**
 * The program of a spec: of a file by its name (YAML, JSON, TypeScript, JavaScript), or of an object.
 * @throws SpecError where anything is wrong with the spec or, where no variant is chosen, with one of its variants.
 */
export const programOf = async (
  spec: string | WholeSpec | ChildSpec,
  { variant, overrides = [], world = thisMachine() }: SpecOptions = {},
): Promise<Program> => {
  const isName = typeof spec === "string";
  const entry = isName ? spec : OBJECT;
  const read: World["read"] = isName
    ? world.read
    : (path, by) => (path === OBJECT ? E.right(evaluated(spec)) : world.read(path, by));
  const check = await compile({ ...world, read })({ entry, variant, overrides })();
  if (E.isLeft(check.result)) throw new SpecError(check);
  return check.result.right;
};

/** How messages call a spec that is in no file. */
const OBJECT = "(spec)";

/** As if a module had exported the object. */
const evaluated = (spec: object): Evaluated => {
  const { value, strange } = inspect(spec);
  const text = `export default ${JSON.stringify(value, null, 2)};\n`;
  return { text, code: text, outcome: { kind: "value", value, strange } };
};

/** The program that a run folder was trained by. @throws Failed where it holds no run, or one that cannot be read. */
export const programOfRun = async (folder: string): Promise<Program> =>
  lower((await readRun(folder)).experiment);

export interface DecodeOptions {
  /** How numbers become colours where a file does not say: `program.experiment.data.images`. */
  readonly reading?: PictureReading | null;
  /** Height times width; what has more is refused before it is decoded. 64 million unless said. */
  readonly maxPixels?: number;
  /** How messages call it. */
  readonly name?: string;
}

/**
 * A picture from the bytes of a file, of any format that pspc reads, as it reads it from a disk: turned as EXIF says,
 * without transparency. @throws Failed for what is damaged, too large or no picture.
 */
export const decodeImage = async (
  bytes: Uint8Array,
  { reading = null, maxPixels = 64e6, name = "the file" }: DecodeOptions = {},
): Promise<Picture> => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // A format that sharp does not know is not compressed: it cannot hold more pixels than bytes.
  const size: Size | null = await sharp(buffer)
    .metadata()
    .catch(() => null);
  if (size !== null && size.height * size.width > maxPixels)
    throw new Failed(tooManyPixels(name, size, maxPixels));
  const picture = await orThrow(decodePicture(buffer, name, reading));
  if (picture.height * picture.width > maxPixels)
    throw new Failed(tooManyPixels(name, picture, maxPixels));
  return picture;
};

/** Classes `[H, W]` as the bytes of a PNG whose values are the indices: with a palette, or above 255 classes as 16-bit grey. */
export const encodeClasses = (
  { classes, height, width }: Size & { readonly classes: ClassIndices },
  palette: Palette,
): Buffer => encode(classes, height, width, palette);
