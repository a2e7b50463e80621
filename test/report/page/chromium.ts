/** A browser for tests: found where the machine has one, never fetched. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** Its path: `PSPC_CHROMIUM`, or the first that `PATH` has. */
export const chromiumPath = (): string | undefined => {
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  return [process.env.PSPC_CHROMIUM ?? "", ...found].find(
    (file) => file !== "" && existsSync(file),
  );
};

/** Said where tests are skipped. */
export const noBrowser =
  "skipped: no chromium or chrome on PATH; PSPC_CHROMIUM=/path/to/chrome names one";

export const launch = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  });
