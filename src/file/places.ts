/** Where pspc's own files lie: those that it was compiled to, and those that it keeps. */

import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A file of dist/, as `data/worker.js`: what has a thread or process of its own is compiled JavaScript, also where pspc
 * runs from its sources (the tests).
 */
export const compiled = (path: string): string =>
  fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

/**
 * The folder that all clones and projects of a user share (downloads, addons, measurements, facts of files):
 * `PSPC_CACHE`, else `pspc` among the user's caches (XDG); set-up finds it by the same rule (scripts/setup/cache.mjs).
 */
export const cacheFolder = (): string => {
  const { PSPC_CACHE, XDG_CACHE_HOME } = process.env;
  return PSPC_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "pspc");
};
