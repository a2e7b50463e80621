import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verbs } from "../../src/cli/verbs.js";
import { pspc } from "./captured.js";
import { pictures } from "./pictures.js";

const readme = readFileSync("README.md", "utf8");
const blocks = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
/** Commands, each with what it prints. */
const consoles = [...readme.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, text = ""]) =>
  [...text.matchAll(/^\$ npx pspc (.*)\n((?:(?!\$ ).*\n)*)/gm)].map(
    ([, command = "", shown = ""]) => [command, shown] as const,
  ),
);
const partial = /```yaml partial\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";

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

  it("goes from a folder of pictures to a prediction, as it prints it", async () => {
    await pictures(join(folder, "pictures"), 24);
    for (const [command = "", shown = ""] of consoles) {
      const words = command.replace("iterations=40", "iterations=2").split(" ");
      const { code, out, err } = await pspc(folder, ...words);
      expect({ command, code }).toEqual({ command, code: 0 });
      const printed = out + err;
      // Scores are those of forty steps, and the test makes two.
      const lines = shown.split("\n").filter((line) => line !== "" && !/[█░]|mIoU/.test(line));
      for (const line of lines) expect(printed).toContain(line);
      if (words[0] === "init") {
        const spec = readFileSync(join(folder, "shapes.yaml"), "utf8");
        for (const line of partial.trim().split("\n"))
          expect(spec).toContain(line.replace(/ +# write .*/, ""));
        const named = spec.replace("[class0, class1, class2]", "[ground, disc, square]");
        writeFileSync(join(folder, "shapes.yaml"), named);
      }
    }
    expect(consoles).toHaveLength(5);
  });

  it("has a line for every verb, and for no other", () => {
    const told = [...readme.matchAll(/^\| `(\w+)[^`]*` \|/gm)].map(([, verb]) => verb);
    expect(told.sort()).toEqual(Object.keys(verbs).sort());
  });

  it("names only files that exist", () => {
    const links = [...readme.matchAll(/\]\(((?!http)[^)]+)\)/g)].map(([, path]) =>
      (path ?? "").replace(/#.*/, ""),
    );
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) expect(() => readFileSync(link)).not.toThrow(/ENOENT/);
  });
});
