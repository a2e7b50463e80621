/** The playground's panels, against what the verbs say of the same spec. */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { isRight } from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { rate } from "../../src/plan/schedule.js";
import { Answers, type Files } from "../../src/play/answers.js";
import type { PanelName } from "../../src/play/panels.js";
import { total } from "../../src/tensorflow/memory.js";
import { lower, moments, sizesOn } from "../../src/tensorflow/target.js";
import { pspc } from "../cli/captured.js";
import { checkChild } from "../golden/front.js";

const specs = readdirSync("specs", { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".yaml"),
);
const files: Files = Object.fromEntries(
  specs.map((name) => [`/specs/${name}`, readFileSync(resolve("specs", name), "utf8")]),
);
const answers = new Answers(files);
const name = "/specs/camvid.yaml";
const text = files[name] ?? "";

const panel = (of: PanelName, variant: string | null = null, spec = text) =>
  answers.panel({ name, text: spec, panel: of, variant, chosen: undefined });

/** What a reader sees. */
const read = (html: string | undefined): string =>
  (html ?? "").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

describe("panels", () => {
  test("tell the layers and the costs that `plan` tells", async () => {
    const { out } = await pspc(process.cwd(), "plan", "specs/camvid.yaml", "--json");
    const plan = JSON.parse(out);
    const told = read(panel("layers")?.html);
    expect(told).toContain(`${plan.parameters.inference.toLocaleString("en-US")} parameters`);
    expect(told).toContain(`${plan.parameters.training.toLocaleString("en-US")} and`);
    expect(told).toContain("head.classifier 34×45×11");
    expect(read(panel("memory")?.html)).toContain(
      `needs about ${(plan.memory_bytes / 2 ** 20).toFixed(1)} MiB`,
    );
  });

  test("tell each group's rate", () => {
    const told = read(panel("rate")?.html);
    const schedule = { base: 0.05, power: 0.9, end: 0 };
    expect(told).toContain(String(Number(rate(schedule as never, 2200, 1100).toPrecision(3))));
  });

  test("set variants side by side, with what differs in meaning, and those with mistakes by name", () => {
    const told = read(panel("variants")?.html);
    expect(told).toContain("3 variants");
    expect(told).toContain("evaluate.mirror : false → true");
    const wrong = read(panel("variants", null, `${text}  wrong: {train.crop: 9}\n`)?.html);
    expect(wrong).toContain("wrong has mistakes");
  });

  test("show crops of the crop's size, the same each time, other ones for another seed", () => {
    const [first, again] = [panel("crops"), panel("crops")];
    expect(first?.pictures).toHaveLength(8);
    for (const { height, width, rgba } of first?.pictures ?? []) {
      expect([height, width]).toEqual([265, 353]);
      expect(rgba.length).toBe(4 * 265 * 353);
    }
    const bytes = (of: typeof first, i = 0) => Buffer.from(of?.pictures[i]?.rgba ?? []);
    expect(bytes(again).equals(bytes(first))).toBe(true);
    expect(bytes(first, 1).equals(bytes(first))).toBe(false);
    const other = panel("crops", null, text.replace("batch: 4", "batch: 4\n  seed: 9"));
    expect(bytes(other).equals(bytes(first))).toBe(false);
  });

  test("print the graph after each rewrite", () => {
    const html = panel("graph")?.html ?? "";
    expect(read(html)).toContain("as written");
    expect(html.match(/<pre/g)?.length).toBeGreaterThan(3);
  });

  test("are of a variant where one is chosen, and none while there are mistakes", () => {
    expect(panel("network", "fcn")?.html).not.toContain("concatenated");
    expect(panel("network")?.html).toContain("concatenated");
    expect(panel("network", null, text.replace("crop: [265, 353]", "crop: 9"))).toBeUndefined();
  });

  test("escape what a spec says", () => {
    const odd = text.replace("fcn:", '"<img src=x>":');
    expect(panel("variants", null, odd)?.html ?? "").not.toContain("<img");
  });
});

describe("answers", () => {
  test("mark each mistake where `check` does, with fixes that remove it", () => {
    const wrong = text.replace("batch: 4", "batsh: 4");
    const { marks } = answers.check({ name, text: wrong });
    const mark = marks.find(({ severity }) => severity === "error");
    expect(wrong.slice(mark?.from, mark?.to)).toBe("batsh");
    const [fix] = mark?.fixes ?? [];
    const [edit] = fix?.edits ?? [];
    expect(edit?.insert).toBe("batch");
  });

  test("mark a parent's mistake at the beginning, with its file", () => {
    const own = new Answers({ "/specs/a.yaml": text.replace("batch: 4", "batsh: 4") });
    const { marks } = own.check({ name: "/specs/b.yaml", text: "extends: a.yaml\n" });
    const errors = marks.filter(({ severity }) => severity === "error");
    expect(errors.map(({ from, more }) => [from, more[0]])).toEqual([[0, "in /specs/a.yaml"]]);
  });

  test("complete the names of the files that there are", () => {
    const typed = "extends: ";
    const items = answers.complete({ name, text: typed, offset: typed.length });
    const labels = items.map(({ label }) => label);
    expect(labels).toContain("pspnet50-ade20k.yaml");
    expect(labels).toContain("base/");
  });
});

test("what is alive over a step has the peak that `memory` tells", () => {
  const { result } = checkChild("train: {crop: 57, batch: 2}\nmodel: {backbone: {resnet: 18}}");
  if (!isRight(result)) throw new Error("has mistakes");
  const all = moments(lower(result.right.experiment));
  expect(all.length).toBeGreaterThan(100);
  const { state, activations, workspace } = sizesOn()(
    lower(result.right.experiment).training,
    false,
  );
  expect(Math.max(...all.map(total))).toBe(state + activations + workspace);
  const [last] = all.slice(-1).map(total);
  expect(last).toBeLessThan(0.9 * (state + activations + workspace));
});
