import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalogue, pageOf } from "../../src/diagnostic/catalogue.js";
import { errorsIn } from "../../src/diagnostic/diagnostic.js";
import { check, checkModule, codes, minimal, shown } from "../golden/front.js";

interface Example {
  readonly text: string;
  readonly isModule: boolean;
  readonly alone: boolean;
  readonly variant: string | undefined;
  readonly overrides: readonly string[];
}

const example = (page: string, kind: "fails" | "works"): Example | undefined => {
  const block = new RegExp(`\`\`\`(yaml|ts) ${kind} ?([^\n]*)\n([^]*?)\`\`\``);
  const [, language, info, text] = block.exec(page) ?? [];
  if (info === undefined || text === undefined) return undefined;
  const words = info.split(" ").filter((w) => w !== "");
  return {
    text,
    isModule: language === "ts",
    alone: words.includes("alone"),
    variant: words.find((w) => w.startsWith("#"))?.slice(1),
    overrides: words.filter((w) => w !== "alone" && !w.startsWith("#")),
  };
};

const run = ({ text, isModule, alone, variant, overrides }: Example) => {
  if (isModule) return checkModule(text, overrides);
  const spec = alone ? text : `extends: minimal.yaml\n${text}`;
  return check({ "minimal.yaml": minimal, "spec.yaml": spec }, variant, overrides);
};

describe.each(Object.entries(catalogue))("the page of %s", (code, title) => {
  const page = readFileSync(pageOf(code)!, "utf8");
  const [fails, works] = [example(page, "fails"), example(page, "works")];

  test("has the catalogue's title", () => {
    expect(page.split("\n")[0]).toBe(`# ${code}: ${title}`);
  });

  // A file that is missing has no text to show.
  if (code === "E0101") return;

  test("fails with this code, as printed", async () => {
    const found = run(fails!);
    expect(codes(found)).toContain(code);
    const golden = `../golden/errors/${code}/page.txt`;
    await expect(shown(found)).toMatchFileSnapshot(golden);
  });

  test("is fixed by its remedy", () => {
    const found = run(works!);
    expect(shown({ ...found, diagnostics: errorsIn(found.diagnostics) })).toBe("");
    expect(codes(found)).not.toContain(code);
  });
});

test("every code of the sources is in the catalogue, and the other way round", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "diagnostic/catalogue.ts")
    .map((file) => `src/${file}`);
  const used = files.flatMap(
    (file) => readFileSync(file, "utf8").match(/(?<=")E\d{4}(?=")/g) ?? [],
  );
  expect([...new Set(used)].sort()).toEqual(Object.keys(catalogue).sort());
});

test("a missing file is told without a text", async () => {
  const golden = "../golden/errors/E0101/page.txt";
  await expect(shown(check({}))).toMatchFileSnapshot(golden);
});

test("the examples' parent is the documented one", () => {
  expect(readFileSync("docs/errors/minimal.yaml", "utf8")).toBe(minimal);
});

test("the index of the pages lists the catalogue", () => {
  const rows = readFileSync("docs/errors/README.md", "utf8").match(/^\| \[E.*$/gm);
  const expected = Object.entries(catalogue).map(
    ([code, title]) => `| [${code}](${code}.md) | ${title} |`,
  );
  expect(rows).toEqual(expected);
});
