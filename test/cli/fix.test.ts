/** `check --fix`: what is surely meant is written, and everything else is left to the author. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { minimal } from "../golden/front.js";
import { pspc } from "./captured.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pspc-fix-"));
  writeFileSync(join(folder, "minimal.yaml"), minimal);
});
afterAll(() => rmSync(folder, { recursive: true }));

const text = () => readFileSync(join(folder, "spec.yaml"), "utf8");
const fix = async (spec: string, ...words: readonly string[]) => {
  writeFileSync(join(folder, "spec.yaml"), spec);
  return pspc(folder, "check", "--fix", "spec.yaml", ...words);
};

describe("check --fix", () => {
  it("makes the safe fixes, tells of each, and then checks", async () => {
    const { code, err, out } = await fix(
      'extends: minimal.yaml\nmodel: {auxiliary: {weight: 0}}  # none\ntrain: {crop: "89"}\n',
    );
    expect(text()).toBe(
      "extends: minimal.yaml\nmodel: {auxiliary: none}  # none\ntrain: {crop: 89}\n",
    );
    expect(err).toContain("fixed E0203 at spec.yaml:3:15: write `89`");
    expect(err).toContain("fixed E0506 at spec.yaml:2:29: write `auxiliary: none`");
    expect(out).toContain("spec.yaml: PSPNet over ResNet-50");
    expect(code).toBe(0);
  });

  it("leaves what the author must choose, and says it", async () => {
    const spec = "extends: minimal.yaml\ntrain: {crop: 33}\n";
    const { code, err } = await fix(spec);
    expect(text()).toBe(spec);
    expect(err).toContain("error[E0503]");
    expect(err).not.toContain("fixed");
    expect(code).toBe(1);
  });

  it("changes neither a parent nor an override, and answers as JSON for what is left", async () => {
    writeFileSync(join(folder, "parent.yaml"), minimal.replace("crop: 89", 'crop: "89"'));
    const { code, out } = await fix("extends: parent.yaml\n", "--json", "train.ema=null");
    expect(text()).toBe("extends: parent.yaml\n");
    const codes = JSON.parse(out).diagnostics.map((each: { code: string }) => each.code);
    expect(codes.filter((each: string) => each === "E0203")).toHaveLength(2);
    expect(code).toBe(1);
  });
});
