// @ts-check
/** A browser for tests and pictures of pages: found where the machine has one, never fetched. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** Its path: `PSPC_CHROMIUM`, or the first that `PATH` has. */
export const chromiumPath = () => {
  const found = (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const asked = process.env.PSPC_CHROMIUM ?? "";
  return [asked, ...found].find((file) => file !== "" && existsSync(file));
};

/** Said where it is missing. */
export const noBrowser = "no chromium or chrome on PATH; PSPC_CHROMIUM=/path/to/chrome names one";

/** @param {string} executablePath @param {readonly string[]} [more] switches of its own */
export const launch = (executablePath, more = []) =>
  chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      ...more,
    ],
  });
