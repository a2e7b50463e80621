// @ts-check
/** A page enters, `node scripts/screenshots.mjs REPORT.html OUT`; OUT-desktop.png, -phone and -dark leave, to be looked at. */

import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { chromiumPath, launch, noBrowser } from "./chromium.mjs";

const [page, out] = process.argv.slice(2);
const path = chromiumPath();
if (page === undefined || out === undefined || path === undefined) {
  process.stderr.write(`${path === undefined ? noBrowser : "screenshots.mjs REPORT.html OUT"}\n`);
  process.exit(1);
}
const browser = await launch(path);
for (const [name, width, height, colorScheme] of /** @type {const} */ ([
  ["desktop", 1280, 900, "light"],
  ["phone", 375, 812, "light"],
  ["dark", 1280, 900, "dark"],
])) {
  const tab = await browser.newPage({ viewport: { width, height }, colorScheme });
  await tab.goto(pathToFileURL(resolve(page)).href);
  await tab.waitForTimeout(500);
  await tab.screenshot({ path: `${out}-${name}.png`, fullPage: true });
  await tab.close();
}
await browser.close();
