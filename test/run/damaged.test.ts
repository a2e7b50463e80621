/**
 * Damaged runs: one value of one file of a run is another. Whoever reads a folder of runs says so or shows the run, and
 * the others stand as they did. `PSPC_CHANGES=2000` tries more of them.
 */

import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { liveReport } from "../../src/report/live.js";
import { runsIn } from "../../src/run/find.js";
import { pspc } from "../cli/captured.js";
import { temporary } from "./tiny.js";

const folder = await temporary();
const runs = join(folder, "runs");
const changes = Number(process.env.PSPC_CHANGES ?? 120);

beforeAll(async () => {
  await cp("test/golden/v0.1/data", join(folder, "data"), { recursive: true });
  for (const name of ["squares", "other", "changed"]) {
    await mkdir(runs, { recursive: true });
    await cp("test/golden/v0.1/records/squares", join(runs, name), { recursive: true });
    for (const file of ["run.json", "samples.json"]) {
      const path = join(runs, name, file);
      const text = (await readFile(path, "utf8")).replaceAll("@root", folder);
      await writeFile(path, name === "other" ? text.replace('"seed": 0', '"seed": 1') : text);
    }
  }
});

type Path = readonly (string | number)[];

const leaves = (value: unknown, path: Path = []): readonly Path[] => {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, one]) => leaves(one, [...path, key]));
  return [path, ...inner];
};

const changed = (value: unknown, [key, ...rest]: Path, to: unknown): unknown => {
  if (key === undefined) return to;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const inner = (copy as Record<string | number, unknown>)[key];
  const next = changed(inner, rest, to);
  if (next === undefined) Reflect.deleteProperty(copy, key);
  else (copy as Record<string | number, unknown>)[key] = next;
  return copy;
};

const values: readonly unknown[] = [
  null,
  -1,
  1e308,
  0.5,
  "",
  "<b>\u001b[31mx</b>",
  [],
  {},
  true,
  "../../../etc/passwd",
  9007199254740991,
  undefined,
];

/** Spread over all places and values, and always the same. */
const chosen = <A>(all: readonly A[], count: number): readonly A[] =>
  count >= all.length
    ? all
    : Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.37) * all.length) / count)]!);

const damage = async (name: string): Promise<void> => {
  const file = join(runs, name, "run.json");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace('"iterations": 12', '"iterations": "many"'));
};

describe("a folder of runs of which one is damaged", () => {
  test(`shows the others, whichever of ${changes} values is another`, {
    timeout: 600_000,
  }, async () => {
    const own = join(runs, "changed");
    const [evaluation = ""] = await readdir(join(own, "evaluations"));
    const files = ["run.json", "samples.json", "metrics.jsonl", `evaluations/${evaluation}`];
    const whole = new Map<string, string>();
    for (const file of files) whole.set(file, await readFile(join(own, file), "utf8"));
    const all = files.flatMap((file) => {
      const text = whole.get(file)!;
      const value = JSON.parse(
        file.endsWith("l") ? `[${text.trim().split("\n").slice(0, 7)}]` : text,
      );
      const places = leaves(value).filter(([first], i) => first !== "kernels" || i % 20 === 0);
      return places.flatMap((path) => values.map((to) => ({ file, value, path, to })));
    });
    const fell: string[] = [];
    for (const { file, value, path, to } of chosen(all, changes)) {
      const other = changed(value, path, to);
      const text = file.endsWith("l")
        ? (Array.isArray(other) ? other : [other])
            .map((line) => `${JSON.stringify(line)}\n`)
            .join("")
        : JSON.stringify(other);
      await writeFile(join(own, file), text ?? "");
      const what = `${file} ${path.join(".")} = ${JSON.stringify(to)}`;
      const started = performance.now();
      try {
        const { runs: read } = await runsIn(runs);
        const page = (await liveReport(runs)()).text;
        if (read.length < 2 || !page.includes("squares")) fell.push(`${what}: hides the others`);
        if (page.includes("<b>\u001b")) fell.push(`${what}: is not escaped`);
      } catch (error) {
        fell.push(`${what}: ${error}`);
      }
      if (performance.now() - started > 20_000) fell.push(`${what}: takes too long`);
      await writeFile(join(own, file), whole.get(file)!);
    }
    expect(fell).toEqual([]);
  });

  test("is named by dash, with the file and the reason", async () => {
    await damage("changed");
    await writeFile(join(runs, "other", "metrics.jsonl"), '{"step":1}\n');
    const page = (await liveReport(runs)()).text;
    expect(page).toContain("Not shown");
    expect(page).toContain("experiment.train.iterations: expected a whole number of at least 1");
    expect(page).toContain("line 1: ");
  });

  test("is left out of a comparison of runs, which says so and ends with 1", async () => {
    await damage("changed");
    const answer = await pspc(
      folder,
      "compare",
      "runs/squares",
      "runs/changed",
      "--json",
      "--images",
      "0",
    );
    expect(answer.err).toContain("left out of the comparison: cannot read runs/changed/run.json");
    expect(answer.code).toBe(1);
    expect(JSON.parse(answer.out)).toMatchObject([{ variant: "squares" }]);
  });

  test("is left out of a comparison of variants", async () => {
    await damage("changed");
    await cp("test/golden/v0.1/squares.yaml", join(folder, "changed.yaml"));
    const text = (await readFile(join(folder, "changed.yaml"), "utf8")).replace(
      "variants:",
      "variants:\n  same: {}\n  a: {train.seed: 0}",
    );
    await writeFile(join(folder, "changed.yaml"), text.replace("iterations: 12", "iterations: 2"));
    await rm(join(runs, "changed-fcn"), { recursive: true, force: true });
    await rename(join(runs, "changed"), join(runs, "changed-fcn"));
    const answer = await pspc(
      folder,
      "compare",
      "changed.yaml",
      "--json",
      "--images",
      "0",
      "--device",
      "cpu",
    );
    expect(answer.code).toBe(1);
    expect(answer.err).toContain(
      "left out of the comparison: cannot read runs/changed-fcn/run.json",
    );
    const names = (JSON.parse(answer.out) as readonly { readonly variant: string }[]).map(
      ({ variant }) => variant,
    );
    expect(names).not.toContain("fcn");
    expect(names.length).toBeGreaterThan(0);
  });
});
