// @ts-check
/**
 * Whether the playground is there at once and lets one type: `npm run bench:play [LOADS] [KEYS]` opens the page as
 * often, on a spec without mistakes and on one with five, and says when its first mistakes stood and what processor time
 * the page's own thread took; then it types into the 269-layer spec beside each panel, and says how long a key took to
 * be painted. Ends with 1 where the first mistakes took a second or more, in the median.
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { deflateRawSync } from "node:zlib";
import { chromiumPath, launch, noBrowser } from "../scripts/chromium.mjs";
import { emit } from "../scripts/setup/dist.mjs";
import { quantile } from "./statistics.mjs";

/** @typedef {import("playwright-core").Page} Page */

const [loads, keys] = [Number(process.argv[2] ?? 12), Number(process.argv[3] ?? 60)];
const path = chromiumPath();
if (path === undefined) {
  process.stderr.write(`${noBrowser}\n`);
  process.exit(1);
}
await emit(process.cwd());
const url = pathToFileURL("dist/play/browser/play.html").href;
const browser = await launch(path);
const wrong = `pspc: 1
data: {root: data, train: train.txt, classes: [sky, road, car]}
model: {pyramid: {bins: [1, 2, 3, 6], pool: smax}}
train:
  iterations: 1000
  batsh: 8
  crop: 33
  schedule: {poly: {base: "0.01"}}
  augment: [mirror, {scale: [2, 0.5]}]
`;
/** @param {string} text */
const linkTo = (text) => `${url}#spec=${deflateRawSync(text).toString("base64url")}`;

/** Noted by the page itself, as no question from outside can. */
const notes = `
  new MutationObserver(() => { window.checkedAt ??= document.body?.dataset.checked && performance.now(); })
    .observe(document, { subtree: true, attributes: true, attributeFilter: ["data-checked"] });
  window.painted = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) if (name === "keydown") window.painted.push(duration);
  }).observe({ type: "event", durationThreshold: 16 });`;

/** @param {string} address @returns {Promise<{ page: Page, busy: () => Promise<number> }>} a tab of its own, and milliseconds of processor time of the page's thread */
const opened = async (address) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.addInitScript(notes);
  await page.goto(address, { waitUntil: "commit" });
  await page.waitForSelector("body[data-checked]");
  const busy = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);
  };
  return { page, busy };
};

/** @param {readonly number[]} all */
const told = (all) =>
  `median ${quantile(all, 0.5).toFixed(0)} ms, 90% within ${quantile(all, 0.9).toFixed(0)} ms`;

for (const [name, address] of [
  ["camvid.yaml", url],
  ["five mistakes", linkTo(wrong)],
]) {
  const [times, work] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  for (let i = 0; i < loads; i++) {
    const { page, busy } = await opened(address);
    times.push(await page.evaluate("window.checkedAt"));
    work.push(await busy());
    await page.context().close();
  }
  console.log(`${name}: first mistakes ${told(times)}; the page's thread ${told(work)}`);
  if (quantile(times, 0.5) >= 1000) process.exitCode = 1;
}

const large = readFileSync("specs/pspnet269-ade20k.yaml", "utf8");
for (const panel of ["network", "layers", "memory", "crops", "graph"]) {
  const { page, busy } = await opened(linkTo(large.replace("base/", "/specs/base/")));
  await page.click(`#tab-${panel}`);
  await page.waitForSelector(`#panel[data-panel="${panel}"]:not([aria-busy])`);
  await page.click(".cm-content");
  await page.keyboard.press("Control+End");
  await page.evaluate("window.painted.length = 0");
  const before = await busy();
  for (let i = 0; i < keys; i++) {
    await page.keyboard.press(i % 12 === 0 ? "#" : "x");
    await page.waitForTimeout(i % 12 === 11 ? 400 : 60);
  }
  const painted = /** @type {number[]} */ (await page.evaluate("window.painted"));
  const long = painted.filter((ms) => ms > 100).length;
  const work = ((await busy()) - before) / keys;
  console.log(
    `typing beside ${panel}: of ${keys} keys ${long} painted after more than 100 ms, the longest ${Math.max(16, ...painted)} ms; ${work.toFixed(1)} ms of the page's thread a key`,
  );
  await page.context().close();
}
await browser.close();
