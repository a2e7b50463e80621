/** Finds the package tfjs-node-gpu that set-up made ready, and loads it: beside pspc in a clone, else in the shared cache. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as tf from "@tensorflow/tfjs-node-gpu";
import { cacheFolder } from "../file/places.js";

export type TensorFlow = typeof tf;

const NAME = "@tensorflow/tfjs-node-gpu";

/** The package's own folder, which holds `dist` and in a clone `src`. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(import.meta.url);

interface Package {
  readonly version: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const packageIn = (folder: string): Package =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Package;

/** Where set-up makes packages ready: a clone's own, and those of the cache. */
const homes = (): readonly string[] => {
  const version = packageIn(root).optionalDependencies?.[NAME];
  return [join(root, "node_modules"), join(cacheFolder(), `tfjs-${version}`, "node_modules")];
};

/** Set-up says beside a library that it chose it; what the package's own installer brings is another TensorFlow. */
const isReady = (folder: string): boolean =>
  [join("deps", "pspc.json"), join("lib", "napi-v8", "tfjs_binding.node")].every((file) =>
    existsSync(join(folder, file)),
  );

const readyFolder = (): string | undefined =>
  homes()
    .map((home) => join(home, NAME))
    .find(isReady);

/** A clone may have been made ready by hand; an installed package never was. */
export const isSetUp = (): boolean => readyFolder() !== undefined || existsSync(join(root, "src"));

/** The folder of tfjs-node-gpu, ready or not; undefined where npm could not install it. */
export const tfjsFolder = (): string | undefined => {
  const ready = readyFolder();
  if (ready !== undefined) return ready;
  try {
    return dirname(require.resolve(`${NAME}/package.json`));
  } catch {
    return undefined;
  }
};

export const tfjsVersion = (): string | undefined => {
  const folder = tfjsFolder();
  return folder === undefined ? undefined : packageIn(folder).version;
};

/** @throws where the package, its addon or libtensorflow cannot be loaded. */
export const requireTfjs = (): TensorFlow => {
  lendRemoved();
  return require(tfjsFolder() ?? NAME) as TensorFlow;
};

/** Our own addon, which set-up compiles beside the package's. */
const engineFile = (): string | undefined => {
  const folder = tfjsFolder();
  return folder === undefined ? undefined : join(folder, "lib", "napi-v8", "pspc_engine.node");
};

/** @throws where set-up has not made it, or it cannot be loaded. */
export const requireEngine = (): unknown => {
  const file = engineFile();
  if (file === undefined || !existsSync(file))
    throw new Error("the addon pspc_engine is not there");
  return require(file);
};

/** A library that set-up compiled where there is a compiler (scripts/setup/natives.mjs). */
const nativeFile = (name: string): string | undefined => {
  const folder = tfjsFolder();
  const file = folder === undefined ? undefined : join(folder, "lib", name);
  return file !== undefined && existsSync(file) ? file : undefined;
};

/** What decodes a JPEG where it stands (data/plain-jpeg.ts). */
interface Decoded {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** Of the loaded libvips of this name; `null` where set-up could not make it. */
export const requireDecoder = (libvips: string): ((bytes: Uint8Array) => Decoded | null) | null => {
  const file = nativeFile("pspc_jpeg_1.node");
  if (file === undefined) return null;
  try {
    const decoder = require(file) as (
      name: string,
    ) => ((bytes: Uint8Array) => Decoded | null) | null;
    return decoder(libvips);
  } catch {
    return null;
  }
};

/**
 * Kernels of our own for TensorFlow. The number in the name is that of their operations' attributes: several versions of
 * pspc may share the cache.
 */
export const kernelsFile = (): string | undefined => nativeFile("pspc_kernels_3.so");
export const hasKernels = (): boolean => kernelsFile() !== undefined;

/** What puts TensorFlow's big blocks of memory into large pages from its opening on. */
const largePages = "pspc_large_pages.so";
export const largePagesFile = (): string | undefined => nativeFile(largePages);
export const hasLargePages = (): boolean => largePagesFile() !== undefined;

/** glibc's RTLD_NODELETE: the library stays, although Node may close it: others call what is in it. */
export const STAY = 0x1000;

/** Registers kernels of our own, in a process that has loaded TensorFlow. @throws where they cannot be loaded. */
export const openKernels = (): void => {
  const file = kernelsFile();
  if (file !== undefined) process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | STAY);
};

export const takeLargePages = (): void => openBeside(largePages, STAY);

/** Gives back the pages of libtensorflow that were read and never changed; those in use come back by themselves. */
export const giveBackPages = (): void => openBeside("pspc_clean_pages.so");

/** Opens what does its work when it is opened; where it is not there, nothing happens. */
const openBeside = (name: string, flags = 0): void => {
  const file = nativeFile(name);
  if (file === undefined) return;
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | flags);
  } catch {
    // What is no addon is closed again, so that the next opening does the same.
  }
};

/** tfjs-node 4.22 calls functions that Node 23 took out of `node:util`: they are there again before it loads. */
const lendRemoved = (): void => {
  const util = require("node:util") as Record<string, unknown>;
  util.isNullOrUndefined ??= (value: unknown): boolean => value === null || value === undefined;
  util.isArray ??= Array.isArray;
};
