/** The page of a network in Chromium, opened from the disk: what it finds is what `predict` finds, whatever way a picture comes in. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import sharp, { type Region, type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath, launch, noBrowser } from "../../scripts/chromium.mjs";
import { choicesFor, type ExportRequest, exportNetwork } from "../../src/run/export.js";
import { predict } from "../../src/run/predict.js";
import { train } from "../../src/run/train.js";
import { page } from "../../src/runtime/page.js";
import { collect, program, squares, temporary } from "../run/tiny.js";

const chromium = chromiumPath();
if (chromium === undefined)
  process.stderr.write(`test/browser/page.test.ts is skipped: ${noBrowser}\n`);

const size = { height: 44, width: 46 };
const backends = { wasm: "WebAssembly", webgl: "WebGL" } as const;

describe.skipIf(chromium === undefined)("the page of a network", { timeout: 120_000 }, () => {
  let folder = "";
  let file = "";
  let browser: Browser;
  const complaints: string[] = [];
  const picture = (i: number): string => join(folder, "data", `${i}.png`);

  beforeAll(async () => {
    folder = await temporary();
    await squares(join(folder, "data"));
    const of = program(join(folder, "data"), { iterations: 60 });
    const run = join(folder, "run");
    await collect(train({ program: of, folder: run, device: "cpu", workers: 0 }));
    file = join(folder, "squares.html");
    const request: ExportRequest = {
      program: of,
      folder: run,
      format: page,
      to: file,
      choices: choicesFor(of.experiment, { size }),
      mustBeChecked: true,
      device: "cpu",
      command: "npx pspc export run --to squares.html",
    };
    await collect(exportNetwork(request));
    // Half a picture, and what the network sees of it: the mean colour at its sides.
    const half = sharp(picture(8)).extract({ left: 0, top: 0, width: 23, height: 44 });
    await half.toFile(picture(98));
    const [r = 0, g = 0, b = 0] = of.experiment.data.mean.map(Math.round);
    const sides = { left: 11, right: 12, background: { r, g, b } };
    await half.extend(sides).toFile(picture(99));
    const inputs = [picture(8), picture(10), picture(99)];
    const asked = { program: of, folder: run, device: "cpu", inputs, out: join(folder, "seen") };
    await collect(predict({ ...asked, device: "cpu" }));
    browser = await launch(chromium!, [
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
    ]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
  });

  /** `before` runs ahead of the page's own programs. */
  const opened = async (path = file, width = 1280, before = ""): Promise<Page> => {
    const tab = await browser.newPage({ viewport: { width, height: 800 } });
    await tab.addInitScript(before);
    tab.on("pageerror", (error) => complaints.push(String(error)));
    tab.on("request", (request) => {
      if (!/^(file|data|blob):/.test(request.url())) complaints.push(`asks for ${request.url()}`);
    });
    await tab.goto(pathToFileURL(path).href);
    return tab;
  };
  const said = (tab: Page): Promise<string | null> => tab.locator("#said").textContent();
  const sees = async (tab: Page, what: RegExp): Promise<void> =>
    expect.poll(() => said(tab), { timeout: 90_000 }).toMatch(what);

  /** Of the colours that lie over the picture, those that `predict` gives other pixels, of the whole or of its part. */
  const differing = async (tab: Page, i: number, part?: Region): Promise<number> => {
    const url = await tab.evaluate<string>("document.querySelector('#overlay').toDataURL()");
    const bytes = async (image: Sharp): Promise<readonly number[]> => [
      ...(await image.toColourspace("srgb").removeAlpha().raw().toBuffer()),
    ];
    const seen = sharp(join(folder, "seen", `${i}.png`));
    const ours = await bytes(part ? seen.extract(part) : seen);
    const theirs = await bytes(sharp(Buffer.from(url.split(",")[1] ?? "", "base64")));
    expect(theirs.length).toBe(ours.length);
    // Both classes are in it.
    expect(new Set(ours).size).toBeGreaterThan(2);
    return theirs.filter((value, at) => value !== ours[at]).length / ours.length;
  };

  test("begins with its example, checked, and finds in a chosen file what predict finds", async () => {
    const tab = await opened();
    await sees(tab, /^8\.png: ground \d+ %, square \d+ %\.$/);
    expect(await differing(tab, 8)).toBeLessThanOrEqual(1e-4);
    expect(await tab.locator("#checked").textContent()).toMatch(/^Checked at start: 100.00 %/);
    expect(tab.workers()).toHaveLength(1);
    await tab.setInputFiles("#file", picture(10));
    await sees(tab, /^10\.png: /);
    expect(await differing(tab, 10)).toBeLessThanOrEqual(1e-4);
    expect(await tab.locator("#time").textContent()).toMatch(/^\d+ ms a picture$/);
    expect(await tab.locator("#caption").textContent()).toBe("46×44 pixels");
    await tab.setInputFiles("#file", picture(98));
    await sees(tab, /^98\.png: /);
    const part = { left: 11, top: 0, width: 23, height: 44 };
    expect(await differing(tab, 99, part)).toBeLessThanOrEqual(1e-4);
    await tab.setInputFiles("#file", join(folder, "data", "train.txt"));
    await sees(tab, /^train\.txt is no picture/);
    await tab.close();
    expect(complaints).toEqual([]);
  });

  test("takes what is dropped and what is pasted", async () => {
    const tab = await opened();
    await sees(tab, /^8\.png/);
    const bring = (event: string, kind: string, data: string, name: string, path: string) =>
      tab.evaluate(`{
        const bytes = Uint8Array.from(atob("${readFileSync(path, "base64")}"), (one) => one.charCodeAt(0));
        const ${data} = new DataTransfer();
        ${data}.items.add(new File([bytes], "${name}", { type: "image/png" }));
        document.body.dispatchEvent(new ${kind}("${event}", { bubbles: true, cancelable: true, ${data} }));
      }`);
    await bring("drop", "DragEvent", "dataTransfer", "dropped.png", picture(10));
    await sees(tab, /^dropped\.png: /);
    expect(await differing(tab, 10)).toBeLessThanOrEqual(1e-4);
    await bring("paste", "ClipboardEvent", "clipboardData", "image.png", picture(8));
    await sees(tab, /^pasted picture: /);
    expect(await differing(tab, 8)).toBeLessThanOrEqual(1e-4);
    await tab.close();
  });

  test("is worked by keys alone, and named for whoever cannot see it", async () => {
    const tab = await opened();
    await sees(tab, /^8\.png/);
    const chosen = tab.waitForEvent("filechooser");
    await tab.keyboard.press("Tab");
    await tab.keyboard.press("Enter");
    expect(await tab.evaluate("document.activeElement.id")).toBe("file");
    await tab.keyboard.press("Enter");
    await (await chosen).setFiles(picture(10));
    await sees(tab, /^10\.png/);
    const slider = tab.getByRole("slider", { name: "Overlay" });
    await slider.focus();
    await tab.keyboard.press("ArrowRight");
    expect(await tab.locator("#overlay").evaluate((one) => one.style.opacity)).toBe("0.61");
    await tab.getByRole("button", { name: /^square/ }).focus();
    await tab.keyboard.press("Enter");
    const corner = "getContext('2d').getImageData(0, 43, 1, 1).data[3]";
    const alpha = () => tab.evaluate<number>(`document.querySelector("#overlay").${corner}`);
    expect(await alpha()).toBe(0);
    await tab.keyboard.press("Enter");
    expect(await alpha()).toBe(255);
    await tab.locator("summary").focus();
    await tab.keyboard.press("Enter");
    const card = tab.locator("#card");
    expect(await card.textContent()).toContain("npx pspc export run --to squares.html");
    expect(await card.locator("li").allTextContents()).toEqual(["ground", "square"]);
    expect(await tab.getByRole("img").getAttribute("aria-label")).toMatch(/^10\.png: ground/);
    await tab.close();
  });

  test("follows the camera until it is stopped, and fits a phone", async () => {
    const tab = await opened(file, 360);
    await sees(tab, /^8\.png/);
    await tab.getByRole("button", { name: "Use the camera" }).click();
    const caption = () => tab.locator("#caption").textContent();
    await expect.poll(caption, { timeout: 30_000 }).toMatch(/^\d+×\d+ pixels, seen at 46×\d+$/);
    await tab.getByRole("button", { name: "Stop the camera" }).click();
    await sees(tab, /^camera: /);
    const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    await tab.locator("summary").click();
    expect(await tab.evaluate(over)).toBe(0);
    await tab.close();
  });

  /** The page with other bytes in one of its parts, under a name of its own. */
  const changed = (name: string, part: "wasm" | "expected", bytes: Uint8Array): string => {
    const path = join(folder, `${name}.html`);
    const packed = `id="${part}">${gzipSync(bytes).toString("base64")}<`;
    const text = readFileSync(file, "utf8");
    writeFileSync(path, text.replace(RegExp(`id="${part}">[^<]*<`), packed));
    return path;
  };

  test("goes on to the next backend where one fails, and says so", async () => {
    const tab = await opened(changed("broken", "wasm", Buffer.from("no program")));
    await sees(tab, /^8\.png/);
    expect(await tab.locator("#backend").inputValue()).toBe("webgl");
    const options = await tab.locator("#backend option").allTextContents();
    expect(options).toContain(`${backends.wasm} (this browser's lacks SIMD)`);
    expect(options).toContain(backends.webgl);
    expect(await tab.locator("#checked").textContent()).toContain("Not taken: WebAssembly");
    expect(await differing(tab, 8)).toBeLessThanOrEqual(1e-4);
    await tab.close();
  });

  test("computes in the page where a browser starts no worker for it, and says so", async () => {
    const tab = await opened(file, 1280, "delete window.Worker");
    await sees(tab, /^8\.png/);
    expect(await tab.locator("#checked").textContent()).toMatch(/stands still while it computes/);
    expect(await differing(tab, 8)).toBeLessThanOrEqual(1e-4);
    expect(tab.workers()).toEqual([]);
    await tab.close();
    expect(complaints).toEqual([]);
  });

  test("shows nothing where every backend is wrong, and says how wrong", async () => {
    const wrong = new Uint16Array(size.height * size.width).fill(1);
    const tab = await opened(changed("wrong", "expected", new Uint8Array(wrong.buffer)));
    await sees(
      tab,
      /^Nothing in this browser computes .* WebAssembly: wrong: only [\d.]+ % .* WebGL: wrong/,
    );
    expect(await tab.locator("#file").isDisabled()).toBe(true);
    await tab.close();
    expect(complaints).toEqual([]);
  });
});
