/** Writes files whole or not at all. */

import { existsSync, mkdirSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Failed } from "../diagnostic/failure.js";
import { noFolder, unwritable } from "./errors.js";

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
    throw new Failed(noFolder(path, error as NodeJS.ErrnoException));
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
    act.catch((error: unknown) => {
      throw new Failed(unwritable(path, error));
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
