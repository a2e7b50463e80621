/** The playground in a browser, as `pspc play` serves it: marks, fixes, hovers, completions, panels, links. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launch, noBrowser } from "../../scripts/chromium.mjs";
import { panelNames } from "../../src/play/panels.js";

const path = chromiumPath();
if (path === undefined) process.stderr.write(`test/play/page.test.ts is skipped: ${noBrowser}\n`);

const wrong = `pspc: 1
data: {root: data, train: train.txt, classes: [sky, road, car]}
model:
  backbone: {resnet: {block: basic, blocks: [1, 1, 1, 1], width: 16}}
  pyramid: {bins: [1, 6], pool: smax}
train:
  iterations: 100
  batsh: 2
  crop: 33
variants:
  fcn: {model.pyramid: none}
`;
const slow = { timeout: 30_000, interval: 20 };
const right = wrong.replace("smax", "max").replace("batsh", "batch").replace("33", "89");

test("the page is as small as promised", () => {
  const bytes = gzipSync(readFileSync("dist/play/browser/play.html")).length;
  process.stdout.write(`the playground: ${(bytes / 1000).toFixed(0)} kB by gzip\n`);
  expect(bytes).toBeLessThan(800_000);
});

describe.skipIf(path === undefined)("the playground", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "pspc-play-"));
  const complaints: string[] = [];
  let browser: Browser;
  let url = "";
  let server: ReturnType<typeof spawn>;
  beforeAll(async () => {
    writeFileSync(join(folder, "wrong.yaml"), wrong);
    const argv = [resolve("bin/pspc.js"), "play", "wrong.yaml#fcn", "--port", "0"];
    server = spawn(process.execPath, argv, { cwd: folder });
    const { stdout } = server;
    if (stdout === null) throw new Error("no pipe");
    [url] = (await once(createInterface({ input: stdout }), "line")) as [string];
    browser = await launch(path ?? "");
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server.kill("SIGINT");
    expect(await once(server, "close")).toEqual([0, null]);
    rmSync(folder, { recursive: true });
  }, 60_000);

  const opened = async (width = 1280, address = url): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    // Other tests keep the machine busy.
    page.setDefaultTimeout(90_000);
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (request.url() !== url && !/^(blob|data):/.test(request.url()))
        complaints.push(`asks for ${request.url()}`);
    });
    await page.goto(address);
    await page.waitForSelector("body[data-checked]");
    return page;
  };
  const type = async (page: Page, text: string): Promise<void> => {
    const before = await page.getAttribute("body", "data-checked");
    await page.click(".cm-content");
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(text);
    await expect.poll(() => page.getAttribute("body", "data-checked"), slow).not.toBe(before);
  };
  const shows = (page: Page, panel: string) =>
    page.waitForSelector(`#panel[data-panel="${panel}"]:not([aria-busy]):not(.old)`);

  test("opens the spec that it was given, with its mistakes, and mends them by its fixes", async () => {
    const page = await opened();
    const ms = await page.evaluate(() => performance.now());
    process.stdout.write(`first mistakes after ${ms.toFixed(0)} ms\n`);
    // Seconds would be another kind of page; the machine of a test may be slow.
    expect(ms).toBeLessThan(20_000);
    expect(await page.textContent("#status")).toBe("3 mistakes");
    expect(await page.locator(".cm-lintRange-error").count()).toBe(3);
    expect(await page.locator("#problems li").allInnerTexts()).toEqual([
      expect.stringContaining("E0503"),
      expect.stringContaining("E0204"),
      expect.stringContaining("E0201"),
    ]);
    expect(await page.textContent("#problems li")).toContain("line 9: 33×33 at output stride 8");
    await page.getByRole("button", { name: "E0503" }).first().click();
    const dialog = page.getByRole("dialog", { name: "E0503: a bin larger than the feature map" });
    expect(await dialog.locator("pre").first().textContent()).toContain("crop: 33");
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    for (const fix of ["use a crop of 41", "write `max`", "write `batch`"]) {
      const before = await page.getAttribute("body", "data-checked");
      await page.getByRole("button", { name: fix }).first().click();
      await expect.poll(() => page.getAttribute("body", "data-checked"), slow).not.toBe(before);
    }
    expect(await page.locator("#problems li.error").count()).toBe(0);
    await shows(page, "network");
    expect(await page.inputValue("#variant")).toBe("fcn");
    expect(await page.locator("#panel svg").textContent()).not.toContain("concatenated");
    await page.selectOption("#variant", "");
    await page.locator("#panel svg", { hasText: "concatenated" }).waitFor();
    await page.close();
  });

  test("answers of words, and completes them", async () => {
    const page = await opened();
    await type(page, right);
    // Its tooltip covers the lines above.
    await page.hover(".cm-line:nth-child(8) span");
    await page.locator(".cm-tooltip-hover", { hasText: "The largest batch for" }).waitFor();
    await page.hover(".cm-line:nth-child(9) span");
    await page.locator(".cm-tooltip-hover", { hasText: "12×12 feature map" }).waitFor();
    await page.click(".cm-content");
    await page.keyboard.press("Control+End");
    await page.keyboard.type("eval");
    await page.waitForSelector(".cm-tooltip-autocomplete");
    expect(await page.textContent(".cm-tooltip-autocomplete")).toContain("evaluate");
    await page.close();
  });

  test("renames, and shows where a value is from", async () => {
    const page = await opened();
    await type(page, right);
    await page.click('.cm-line:nth-child(11) span:text-is("fcn")');
    await page.keyboard.press("F2");
    await page.getByLabel("another name for fcn").fill("flat");
    await page.keyboard.press("Enter");
    await page.locator(".cm-line", { hasText: "flat: {model.pyramid: none}" }).waitFor();
    await page.click('.cm-line:nth-child(8) span:text-is("batch")');
    await page.keyboard.press("F12");
    await expect.poll(() => page.textContent("#status"), slow).toBe("no parent sets it");
    await page.selectOption("#examples", "/specs/pspnet50-ade20k.yaml");
    await page.locator(".cm-line:nth-child(3)", { hasText: "base/ade20k.yaml" }).click();
    await page.keyboard.press("F12");
    await page.getByRole("dialog", { name: "base/ade20k.yaml" }).waitFor();
    await page.close();
  });

  test("shows every panel, by keyboard alone", async () => {
    const page = await opened();
    await type(page, right);
    await shows(page, "network");
    await page.focus("#tab-network");
    for (const name of Object.keys(panelNames).slice(1)) {
      await page.keyboard.press("ArrowRight");
      await shows(page, name);
      expect(await page.getAttribute(`#tab-${name}`, "aria-selected")).toBe("true");
      expect((await page.textContent("#panel .lead"))?.length).toBeGreaterThan(20);
      if (name === "crops") {
        const colours = await page.evaluate<number>(
          `(() => { const c = document.querySelector("canvas"); return new Set(c.getContext("2d").getImageData(0, 0, c.width, c.height).data).size; })()`,
        );
        expect(colours).toBeGreaterThan(50);
      }
    }
    await page.keyboard.press("ArrowRight");
    await shows(page, "network");
    await page.focus('[data-layer^="backbone.stage2"]');
    await page.keyboard.press("Enter");
    await page.waitForSelector('[data-layer^="backbone.stage2"][aria-pressed="true"]');
    const download = page.waitForEvent("download");
    await page.click("#save");
    expect(readFileSync(await (await download).path(), "utf8")).toMatch(/^<svg[^>]*><rect/);
    await page.close();
  });

  test("is shared by a link, which a damaged one cannot break", async () => {
    const page = await opened();
    await type(page, right);
    await page.click("#share");
    await expect.poll(() => page.url(), slow).toContain("#spec=");
    const link = page.url();
    await page.close();
    const other = await opened(1280, link);
    await other.locator(".cm-content", { hasText: "iterations: 100" }).waitFor();
    expect(await other.locator(".cm-lintRange-error").count()).toBe(0);
    await other.close();
    const damaged = await opened(1280, `${link.slice(0, -9)}`);
    expect(await damaged.textContent("#status")).toBe("3 mistakes");
    await damaged.close();
  });

  test.each([360, 800])("fits %i pixels", async (width) => {
    const page = await opened(width);
    await type(page, right);
    await shows(page, "network");
    for (const name of ["network", "variants", "graph"]) {
      await page.click(`#tab-${name}`);
      await shows(page, name);
      expect(
        await page.evaluate<number>("document.documentElement.scrollWidth"),
      ).toBeLessThanOrEqual(width);
    }
    await page.close();
  });

  test("asks nobody, and complains of nothing", () => {
    expect(complaints).toEqual([]);
  });
});

test("every spec of the paper and its parents are examples", () => {
  const table = readFileSync("src/play/browser/shipped.ts", "utf8");
  const named = [...table.matchAll(/from "\.\.\/\.\.\/\.\.\/specs\/(.+)"/g)].map(
    ([, name]) => name,
  );
  const all = readdirSync("specs", { recursive: true, encoding: "utf8" });
  const papers = all.filter((name) => /^(base\/)?[\w-]+\.yaml$/.test(name));
  expect(named.sort()).toEqual(papers.sort());
});
