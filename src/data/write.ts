/** Files written whole or not at all: a path and pictures or bytes enter, a file stands in its place. */

import { existsSync, mkdirSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, extname } from "node:path";
import sharp, { type Sharp } from "sharp";
import { Failed } from "../diagnostic/failure.js";
import { unknownFormat, unwritable } from "./errors.js";
import type { Picture } from "./image.js";
import type { Palette } from "./palette.js";
import { encodeIndices } from "./png-encode.js";

/**
 * Makes a folder, and those above it, where they are missing; tells whether it was. Node's own recursion never ends
 * where a folder that exists takes no others, as below /proc. @throws Failed where it cannot be made.
 */
export const makeFolder = (path: string): boolean => {
  if (existsSync(path)) return false;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new Failed(unwritable(path, error instanceof Error ? error.message : String(error)));
  }
};

/** A file in the making, beside the one that it will be. Each of its functions throws `Failed`. */
export interface Draft {
  /** At `place`, or behind what was written last. */
  readonly put: (bytes: Uint8Array | string, place?: number) => Promise<void>;
  /** It takes its name. Pictures, which can be made again, are not worth the wait for the disk (`durable`). */
  readonly keep: (durable?: boolean) => Promise<void>;
  /** Unless it was kept, nothing stays of it. */
  readonly drop: () => Promise<void>;
}

/** Whoever reads `path` sees the old file or the new one, whole. */
export const draft = async (path: string): Promise<Draft> => {
  const attempt = async <A>(act: Promise<A>): Promise<A> =>
    act.catch((error: Error) => {
      throw new Failed(unwritable(path, error.message));
    });
  const beside = `${path}.${process.pid}.part`;
  const file = await attempt(open(beside, "w"));
  return {
    put: async (bytes, place) => {
      const whole = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
      for (let done = 0; done < whole.length; ) {
        const at = place === undefined ? null : place + done;
        done += (await attempt(file.write(whole, done, whole.length - done, at))).bytesWritten;
      }
    },
    keep: async (durable = true) => {
      if (durable) await attempt(file.sync());
      await attempt(file.close());
      await attempt(rename(beside, path));
      if (durable) await attempt(syncFolder(dirname(path)));
    },
    drop: async () => {
      await file.close().catch(() => {});
      await rm(beside, { force: true });
    },
  };
};

/** Writes beside, syncs, renames. Throws `Failed`. */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array | string,
  durable = true,
): Promise<void> {
  const file = await draft(path);
  try {
    await file.put(bytes);
    await file.keep(durable);
  } finally {
    await file.drop();
  }
}

/** A new name, too, survives a power cut. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

/** Class indices [H, W] as an 8-bit palette PNG, whose values tools read back as they are. */
export const writePalettePng = (
  path: string,
  labels: Uint8Array,
  height: number,
  width: number,
  colours: Palette,
): Promise<void> => writeFileAtomic(path, encodeIndices(labels, height, width, colours), false);

/** RGB [H, W, 3] as the bytes of a PNG at most `widest` pixels wide. */
export const encodePng = async ({ pixels, height, width }: Picture, widest: number) => {
  const raw = sharp(pixels, { raw: { width, height, channels: 3 } });
  const fitted = width > widest ? raw.resize({ width: widest }) : raw;
  const { data, info } = await fitted.png().toBuffer({ resolveWithObject: true });
  return { png: data, height: info.height, width: info.width };
};

/** RGB [H, W, 3] in the format of the suffix: .png, .jpg or .webp. */
export async function writeImage(path: string, { pixels, height, width }: Picture): Promise<void> {
  const raw = sharp(pixels, { raw: { width, height, channels: 3 } });
  const suffix = extname(path).toLowerCase();
  const encoded = encoders[suffix]?.(raw);
  if (encoded === undefined) throw new Failed(unknownFormat(path));
  return writeFileAtomic(path, await encoded.toBuffer(), false);
}

/** RGB [H, W, 3] as the bytes of a JPEG. */
export const encodeJpeg = ({ pixels, height, width }: Picture): Promise<Buffer> =>
  jpeg(sharp(pixels, { raw: { width, height, channels: 3 } })).toBuffer();

const jpeg = (raw: Sharp) => raw.jpeg({ quality: 92, chromaSubsampling: "4:4:4" });

const encoders: Readonly<Record<string, (raw: Sharp) => Sharp>> = {
  ".png": (raw) => raw.png(),
  ".webp": (raw) => raw.webp({ quality: 90 }),
  ".jpg": jpeg,
  ".jpeg": jpeg,
};
