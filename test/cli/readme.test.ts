import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verbs } from "../../src/cli/verbs.js";
import { pspc } from "./captured.js";

const readme = readFileSync("README.md", "utf8");
const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pspc-readme-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the README", () => {
  it("shows specs that are accepted without a remark", async () => {
    const absolute = (text: string): string =>
      text.replace("extends: ", `extends: ${resolve("specs")}/`);
    expect(blocks).toHaveLength(2);
    for (const block of blocks) {
      writeFileSync(join(folder, "spec.yaml"), absolute(block));
      const data = `data.root=${folder}`;
      expect(await pspc(folder, "check", "spec.yaml", data)).toMatchObject({ code: 0, err: "" });
    }
  });

  it("has a line for every verb, and for no other", () => {
    const told = [...readme.matchAll(/^\| `(\w+)[^`]*` \|/gm)].map(([, verb]) => verb);
    expect(told.sort()).toEqual(Object.keys(verbs).sort());
  });

  it("names only files that exist", () => {
    const links = [...readme.matchAll(/\]\(((?!http)[^)]+)\)/g)].map(([, path]) => path ?? "");
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(() => readFileSync(link)).not.toThrow(/ENOENT/);
  });
});
