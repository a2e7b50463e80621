/** The version of the package, read where it lies, beside `src` and `dist` alike. */

import { createRequire } from "node:module";

export const version = (): string =>
  (createRequire(import.meta.url)("../../package.json") as { readonly version: string }).version;
