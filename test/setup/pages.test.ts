/** What a page of src/ becomes: one file, whose policy lets its own parts run and nothing else, made anew when a part changes. */

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import vm from "node:vm";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emit, staleFiles } from "../../scripts/setup/dist.mjs";

const root = mkdtempSync(join(tmpdir(), "pspc-pages-"));
afterAll(() => rmSync(root, { recursive: true }));

const put = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const made = (): string => readFileSync(join(root, "dist/browser/page.html"), "utf8");
const part = (pattern: RegExp): string => pattern.exec(made())?.[1] ?? "nothing";
const ran = (code: string): unknown => vm.runInNewContext(`${code}; globalThis.said`, {});
const hash = (text: string): string =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const html = `<meta content="style-src {styles}; script-src {scripts}">
<link rel="stylesheet" href="page.css">
<script src="start.ts"></script>
<script type="application/gzip" id="main" src="main.ts"></script>
<script type="application/gzip" id="bytes" src="npm:thing/data.bin"></script>`;

beforeAll(async () => {
  put("package.json", "{}");
  put("node_modules/thing/data.bin", "the bytes of a package");
  put("src/graph/sum.ts", "export const sum = (a: number, b: number): number => a + b;\n");
  put("src/browser/page.html", html);
  put("src/browser/page.css", "p { color: red }");
  put("src/browser/start.ts", 'globalThis.said = "</script>";\n');
  put(
    "src/browser/main.ts",
    'import { sum } from "../graph/sum.js";\nObject.assign(globalThis, { said: sum(1, 2) });\n',
  );
  expect(await emit(root)).toBe(2);
});

test("styles, scripts and packed files stand in the one file", () => {
  expect(part(/<style>(.*)<\/style>/)).toBe("p { color: red }");
  const start = part(/<script>([\s\S]*?)<\/script>/);
  expect(ran(start)).toBe("</script>");
  const packed = (id: string): string =>
    gunzipSync(Buffer.from(part(RegExp(`id="${id}">(.*)</script>`)), "base64")).toString();
  expect(ran(packed("main"))).toBe(3);
  expect(packed("bytes")).toBe("the bytes of a package");
  const policy = part(/content="(.*)"/);
  expect(policy).toBe(
    `style-src ${hash("p { color: red }")}; script-src ${hash(start)} ${hash(packed("main"))}`,
  );
});

test("what only a page holds stands nowhere else in dist/", () => {
  expect(() => readFileSync(join(root, "dist/browser/main.js"))).toThrow();
  expect(readFileSync(join(root, "dist/graph/sum.js"), "utf8")).toContain("a + b");
});

test("a page is made anew when one of its parts has changed, and not before", async () => {
  expect(staleFiles(root)).toEqual([]);
  put("src/graph/sum.ts", "export const sum = (a: number, b: number): number => 10 * (a + b);\n");
  expect(staleFiles(root).sort()).toEqual(["browser/page.html", "graph/sum.ts"]);
  await emit(root);
  const packed = part(/id="main">(.*)<\/script>/);
  expect(ran(gunzipSync(Buffer.from(packed, "base64")).toString())).toBe(30);
  expect(staleFiles(root)).toEqual([]);
});

test("an import that is nowhere stops it, and names it", async () => {
  put("src/browser/main.ts", 'import "./nowhere.js";\n');
  await expect(emit(root)).rejects.toMatchObject({ reason: expect.stringContaining("nowhere") });
});
