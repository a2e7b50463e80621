/** The page in a browser: nothing fails, charts are drawn, and what can be moved moves. */

import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launch, noBrowser } from "../../../scripts/chromium.mjs";
import type { Drawn } from "../../../src/report/live.js";
import { serve } from "../../../src/report/live.js";
import { page } from "../../../src/report/page/page.js";
import { synthetic } from "./synthetic.js";

const path = chromiumPath();
if (path === undefined)
  process.stderr.write(`test/report/page/browser.test.ts is skipped: ${noBrowser}\n`);

const thirty = ["fcn", "pspnet", ...Array.from({ length: 28 }, (_, i) => `matrix-${i}`)];

describe.skipIf(path === undefined)("thirty variants in a browser", { timeout: 60_000 }, () => {
  let folder = "";
  let file = "";
  let browser: Browser;
  const complaints: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pspc-page-"));
    file = join(folder, "report.html");
    await writeFile(file, await page(synthetic(thirty)));
    browser = await launch(path!);
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const opened = async (width = 1280): Promise<Page> => {
    const tab = await browser.newPage({ viewport: { width, height: 800 } });
    tab.on("console", (message) => complaints.push(message.text()));
    tab.on("pageerror", (error) => complaints.push(String(error)));
    tab.on("request", (request) => {
      if (!/^(file|data):/.test(request.url())) complaints.push(`asks for ${request.url()}`);
    });
    await tab.goto(pathToFileURL(file).href);
    return tab;
  };
  const rows = (tab: Page): Promise<string[]> =>
    tab.locator("#ranking tbody tr:visible th").allInnerTexts();

  test("opens soon, without a complaint", async () => {
    const tab = await opened();
    const ms = await tab.evaluate(() => performance.now());
    const { size } = await stat(file);
    process.stdout.write(
      `30 variants: ${(size / 2 ** 20).toFixed(1)} MiB, open in ${ms.toFixed(0)} ms\n`,
    );
    // A page that is unfit opens in tens of seconds; the machine of a test may be slow.
    expect(ms).toBeLessThan(10_000);
    expect(size).toBeLessThan(4 * 2 ** 20);
    expect(await tab.locator("figure.chart .drawing svg").count()).toBe(6);
    for (const box of await tab.locator(".chart .drawing svg").all())
      expect((await box.boundingBox())?.width).toBeGreaterThan(200);
    await tab.close();
    expect(complaints).toEqual([]);
  });

  test("finds, puts away and brings back variants, everywhere at once", async () => {
    const tab = await opened();
    await tab.fill("#find", "matrix-1");
    expect(await rows(tab)).toHaveLength(11);
    expect(await tab.locator("#curves path[data-v='1']").first().isVisible()).toBe(false);
    expect(await tab.locator("#shown").textContent()).toBe("11 of 30 shown");
    await tab.click("#all");
    expect(await rows(tab)).toHaveLength(30);
    await tab.focus("[data-chip='1']");
    await tab.keyboard.press("Enter");
    expect(await rows(tab)).toHaveLength(29);
    expect(await tab.getAttribute("[data-chip='1']", "aria-pressed")).toBe("false");
    await tab.close();
  });

  test("counts from the baseline that is chosen, and sorts by what is asked", async () => {
    const tab = await opened();
    const delta = (v: number): Promise<string | null> =>
      tab.locator(`#ranking tr[data-v='${v}'] [data-key='delta']`).textContent();
    const before = await delta(1);
    expect(await delta(0)).toBe("baseline");
    await tab.selectOption("#baseline", "1");
    const after = await delta(0);
    const sign = (text: string | null): number =>
      Number((text ?? "").replace("≈ ", "").replace("−", "-"));
    expect(sign(after)).toBeCloseTo(-sign(before), 1);
    await tab.click("[data-sort='parameters']");
    const counts = await tab.locator("#ranking [data-key='parameters']").allInnerTexts();
    const numbers = counts.map((text) => Number(text.replaceAll(",", "")));
    expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
    expect(await tab.getAttribute("th:has([data-sort='parameters'])", "aria-sort")).toBe(
      "descending",
    );
    await tab.close();
  });

  test("moves the slider by keys, and counts the pixels that differ", async () => {
    const tab = await opened();
    const stage = tab.locator(".stage").first();
    await stage.locator(".slider").focus();
    await tab.keyboard.press("ArrowRight");
    expect(await stage.evaluate((one) => one.style.getPropertyValue("--cut"))).toBe("51%");
    const verdict = tab.locator(".verdict").first();
    await expect.poll(() => verdict.textContent()).toMatch(/^fcn and pspnet differ in [\d.]+ %/);
    await tab.selectOption("#right", "0");
    await expect.poll(() => verdict.textContent()).toContain("differ in 0.0 %");
    await tab.check("#disagreement");
    expect(await stage.locator("canvas").isVisible()).toBe(true);
    await tab.close();
  });

  test("fits a phone, and shows the confusions of the variant that is asked for", async () => {
    const tab = await opened(375);
    const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await tab.evaluate(over)).toBe(0);
    await tab.selectOption("#confusion-of", "7");
    expect(await tab.locator("[data-confusion]:visible caption").allInnerTexts()).toEqual([
      "matrix-5",
    ]);
    await tab.close();
    expect(complaints).toEqual([]);
  });

  test("cuts off nothing at 1280 pixels, however long a name is, and uses 1920", async () => {
    const long = join(folder, "long.html");
    const name = "scenes-pspnet-with-only-two-bins-and-a-name-that-goes-on-and-on";
    await writeFile(long, await page(synthetic(["fcn", name, "no-aux", "small"])));
    const tab = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await tab.goto(pathToFileURL(long).href);
    for (const details of await tab.locator("summary").all()) await details.click();
    const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await tab.evaluate(over)).toBe(0);
    for (const id of ["scores", "classes", "differences"]) {
      const table = tab.locator(`#${id} .scroll`);
      expect(await table.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
    }
    await tab.setViewportSize({ width: 1920, height: 800 });
    expect((await tab.locator("#ranking").boundingBox())!.width).toBeGreaterThan(1500);
    const [classes, confusions] = await Promise.all(
      ["#classes", "#confusion"].map((id) => tab.locator(id).boundingBox()),
    );
    expect(classes!.y).toBe(confusions!.y);
    await tab.close();
  });

  test("keeps its navigation in sight, and fades a table where it goes on", async () => {
    const tab = await opened(390);
    const table = tab.locator("#scores .scroll");
    expect(await table.getAttribute("class")).toBe("scroll more");
    await table.evaluate((one) => one.scrollTo({ left: one.scrollWidth, behavior: "instant" }));
    await expect.poll(() => table.getAttribute("class")).toBe("scroll");
    await tab.click("nav a[href='#confusion']");
    const current = tab.locator("nav a[aria-current]");
    await expect.poll(() => current.textContent()).toBe("Confusions");
    expect((await tab.locator("nav").boundingBox())!.y).toBe(0);
    await expect.poll(async () => (await current.boundingBox())!.x).toBeLessThan(390);
    await tab.close();
  });

  test("shows how far each class is from the baseline's, and takes it back", async () => {
    const tab = await opened();
    const cells = (v: number): Promise<string[]> =>
      tab.locator(`#classes tr[data-v='${v}'] td`).allInnerTexts();
    const [base, other] = [await cells(0), await cells(1)];
    await tab.selectOption("#heat-of", "difference");
    const exact = (v: number): Promise<number[]> =>
      tab
        .locator(`#classes tr[data-v='${v}'] td`)
        .evaluateAll((all) => all.map((td) => 100 * Number(td.getAttribute("data-iou"))));
    const [truth, found] = [await exact(0), await exact(1)];
    const told = (await cells(1)).map((text) => Number(text.replace("−", "-")));
    for (const [c, points] of told.entries())
      expect(Math.abs(points - (found[c]! - truth[c]!))).toBeLessThan(0.0501); // one decimal
    expect(await cells(0)).toEqual(base);
    expect(await tab.locator("#heat-said").textContent()).toContain("and fcn, whose row");
    await tab.selectOption("#baseline", "1");
    expect(await cells(1)).toEqual(other);
    const back = (await cells(0)).map((text) => Number(text.replace("−", "-")));
    expect(back).toEqual(told.map((points) => (points === 0 ? 0 : -points)));
    const worse = await tab.locator("#classes tr[data-v='0'] td.worse").count();
    expect(worse).toBe(back.filter((points) => points < 0).length);
    await tab.selectOption("#heat-of", "iou");
    expect(await cells(0)).toEqual(base);
    await tab.close();
  });

  test("gives each of thirty variants a mark of its own", async () => {
    const tab = await opened();
    const of = (selector: string, ...names: readonly string[]): Promise<string[]> =>
      tab
        .locator(selector)
        .evaluateAll(
          (all, asked) => all.map((one) => asked.map((name) => one.getAttribute(name)).join(" ")),
          names,
        );
    const chips = await tab
      .locator(".chip .swatch")
      .evaluateAll((all) => all.map((one) => one.outerHTML));
    expect(new Set(chips).size).toBe(30);
    const lines = await of("#curves figure:first-child path[data-v]", "stroke", "stroke-dasharray");
    expect(lines).toHaveLength(3 * 30);
    expect(new Set(lines).size).toBe(30);
    const points = await of("#costs figure:first-child path[data-v]", "fill", "d");
    expect(new Set(points.filter((mark) => mark.startsWith("var"))).size).toBe(30);
    await tab.close();
  });

  test("fits the paper, with everything open and nothing to press", async () => {
    const tab = await opened(680); // A4 between its margins
    await tab.emulateMedia({ media: "print", colorScheme: "dark" });
    const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await tab.evaluate(over)).toBe(0);
    for (const table of await tab.locator("#ranking, #classes table").all())
      expect((await table.boundingBox())!.width).toBeLessThanOrEqual(680);
    expect(await tab.locator("button:visible, select:visible").allInnerTexts()).toEqual(
      ["variant", "mIoU", "Δ", "pixel acc.", "mean acc."].concat(
        ["parameters", "MACs", "training", "memory"], // heads of the table, as text
      ),
    );
    expect(await tab.evaluate("getComputedStyle(document.body).backgroundColor")).toBe(
      "rgb(253, 253, 252)",
    );
    const pdf = await tab.pdf({ format: "A4" });
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    await tab.close();
  });

  test("is named for whoever cannot see it", async () => {
    const two = join(folder, "two.html");
    await writeFile(two, await page(synthetic(["fcn", "pspnet"])));
    const tab = await browser.newPage();
    await tab.goto(pathToFileURL(two).href);
    for (const verdict of await tab.locator(".verdict").all())
      await expect.poll(() => verdict.textContent()).toContain("differ in");
    await expect(await tab.locator("body").ariaSnapshot()).toMatchFileSnapshot(
      "../golden/page.aria.yaml",
    );
    await tab.close();
  });

  test("follows a live page, and keeps what the reader chose", async () => {
    const names = ["fcn", "pspnet"];
    const first = synthetic(names, { live: true });
    let drawn: Drawn = { version: "1", text: await page(first) };
    const { url, close } = await serve(async () => drawn, 0);
    const tab = await browser.newPage();
    tab.on("pageerror", (error) => complaints.push(String(error)));
    await tab.goto(url);
    await tab.selectOption("#baseline", "1");
    const variants = first.variants.map((one) => ({
      ...one,
      row: null,
      runs: one.runs.map((run) => ({ ...run, score: null })),
    }));
    drawn = { version: "2", text: await page({ ...first, variants }) };
    const scores = tab.locator("#ranking");
    await expect.poll(() => scores.textContent(), { timeout: 15_000 }).toContain("not evaluated");
    expect(await tab.locator("#baseline").inputValue()).toBe("1");
    expect(await tab.locator(".answer").textContent()).toContain("Nothing is scored on val yet");
    await close();
    const pulse = tab.locator("#pulse");
    await expect.poll(() => pulse.textContent(), { timeout: 15_000 }).toContain("server is gone");
    await tab.close();
  });
});
