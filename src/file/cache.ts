/** The folder that pspc shares between all clones and projects of a user: downloads, addons, measurements, facts of files. */

import { homedir } from "node:os";
import { join } from "node:path";

/** `PSPC_CACHE`, else `pspc` among the user's caches (XDG); set-up finds it by the same rule (scripts/setup/cache.mjs). */
export const cacheFolder = (): string => {
  const { PSPC_CACHE, XDG_CACHE_HOME } = process.env;
  return PSPC_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "pspc");
};
