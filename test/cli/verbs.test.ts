import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runFolder } from "../../src/run/folder.js";
import { conforms } from "../language/schema.js";
import { pspc } from "./captured.js";

const classes = Array.from({ length: 150 }, (_, i) => `class${i}`);
const spec = `pspc: 1
data: {root: data, train: train.txt, classes: [${classes.join(", ")}]}
model:
  backbone: {resnet: 50}
  pyramid: {bins: [1, 2, 3, 6]}
train: {iterations: 126300, batch: 16, crop: 473}
variants:
  fcn: {model.pyramid: none}
  deep: {model.backbone.resnet: 101}
`;
const wrong = spec.replace("crop: 473", "crop: 33, iteratoins: 3");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pspc-cli-"));
  writeFileSync(join(folder, "spec.yaml"), spec);
  writeFileSync(join(folder, "wrong.yaml"), wrong);
  mkdirSync(join(folder, "empty"));
  mkdirSync(join(folder, "data"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the words", () => {
  it("asks for a verb, and lists them", async () => {
    const bare = await pspc(folder);
    expect(bare).toMatchObject({ code: 3, out: "" });
    const help = await pspc(folder, "--help");
    expect(help).toMatchObject({ code: 0, err: "" });
    for (const verb of ["check", "plan", "train", "compare"]) expect(help.out).toContain(verb);
  });

  it("explains a verb by `help VERB` as by its option", async () => {
    const [asked, option] = [
      await pspc(folder, "help", "train"),
      await pspc(folder, "train", "--help"),
    ];
    expect(asked).toEqual(option);
    expect(asked.out).toContain("--resume");
  });

  it("takes a path that is there for a path, whatever signs it has", async () => {
    for (const place of ["C#", "x=y"]) {
      mkdirSync(join(folder, place));
      writeFileSync(join(folder, place, "spec.yaml"), spec);
      expect((await pspc(folder, "check", `${place}/spec.yaml`)).code).toBe(0);
      const variant = await pspc(folder, "show", `${place}/spec.yaml#fcn`, "--json");
      expect(JSON.parse(variant.out)).toMatchObject({ variant: "fcn" });
      const pair = ["spec.yaml", `${place}/spec.yaml#fcn`, "train.batch=4"];
      const { code, out } = await pspc(folder, "show", "--diff", ...pair);
      expect({ code, pyramid: out.includes("model.pyramid") }).toEqual({ code: 0, pyramid: true });
    }
  });

  it("says what is meant where options and folders are no values and specs", async () => {
    const option = await pspc(folder, "check", "spec.yaml", "--batch", "8");
    expect(option).toMatchObject({ code: 3 });
    expect(option.err).toContain("without dashes: train.batch=8");
    const place = await pspc(folder, "check", "empty");
    expect(place.err).toContain("it is a folder");
    expect(place.err).toContain("`pspc init empty` writes one");
    const ending = await pspc(folder, "export", "spec.yaml", "--to", "w.pt");
    expect(ending).toMatchObject({ code: 3, out: "" });
    expect(ending.err).toContain("w.pt ends like nothing that `export` writes");
    expect(ending.err).toContain("NAME with one of .savedmodel, .tfjs, .onnx, .html, .safetensors");
    const idle = ["export", "spec.yaml", "--to", "w.safetensors", "--size", "9x9", "--checked"];
    expect((await pspc(folder, ...idle)).err).toContain("--size, --checked say nothing of");
    const words = ["export", "spec.yaml", "--to", "w.tfjs", "--give", "classes,clases"];
    expect((await pspc(folder, ...words)).err).toContain("found clases");
    const forms = await pspc(folder, "export", "spec.yaml", "--to", "w.tfjs", "--forms");
    expect(forms.err).toContain("w.tfjs takes no --forms");
    for (const ending of [".onnx", ".savedmodel"]) {
      const bytes = ["export", "spec.yaml", "--to", `w${ending}`, "--numbers", "u8"];
      const { code, err } = await pspc(folder, ...bytes);
      expect({ code, err }).toMatchObject({
        code: 3,
        err: expect.stringMatching(/ is not written with numbers u8\n.*--numbers f32, or /),
      });
    }
    const untrained = await pspc(folder, "export", "spec.yaml", "--to", "w.onnx");
    expect(untrained).toMatchObject({ code: 1, out: "" });
    expect(readdirSync(folder).filter((name) => name.startsWith("w."))).toEqual([]);
  });

  it("says what to write where a spec has another program's words", async () => {
    const words = ["model.backbone=resnet50", "train.loss.class_weights=balanced"];
    const { code, err } = await pspc(folder, "check", "spec.yaml", ...words);
    expect(code).toBe(1);
    expect(err).toContain("write `{resnet: 50}`");
    expect(err).toContain("`pspc data stats SPEC` prints balanced ones");
    const depth = await pspc(folder, "check", "spec.yaml", "model.backbone.resnet=resnet101");
    expect(depth.err).toContain("write `101`");
  });

  it("names a few of a thousand variants, and says how many there are", async () => {
    const many = Array.from({ length: 1000 }, (_, i) => `  v${i}: {train.seed: ${i}}`).join("\n");
    writeFileSync(
      join(folder, "many.yaml"),
      spec.replace(/variants:[\s\S]*/, `variants:\n${many}\n`),
    );
    const { code, out } = await pspc(folder, "check", "many.yaml");
    expect(code).toBe(0);
    expect(out).toMatch(/variants: v0, v1, .*, v11 and 988 more\n$/);
  });

  it("names run folders in every script", () => {
    const folders = ["实验.yaml", "データ.yaml", "a b/c:d.yaml"].map((each) =>
      runFolder(each, null),
    );
    expect(folders).toEqual(["runs/实验", "runs/データ", "runs/c_d"]);
    expect(runFolder("camvid.yaml", "bins=[1, 2]")).toBe("runs/camvid-bins=_1,_2_");
  });

  it("reads a spec from standard input", () => {
    const program = `
      const { main } = await import(${JSON.stringify(pathToFileURL("dist/cli/main.js").href)});
      process.exitCode = await main(["check", "-"]);`;
    const answer = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      input: spec,
      encoding: "utf8",
    });
    expect(answer.stdout).toMatch(/^-: PSPNet over ResNet-50/);
    expect(answer.status).toBe(0);
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await pspc(folder, "--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  it.each([
    ["--run", ["train", "spec.yaml", "--run"]],
    ["--resume", ["train", "spec.yaml", "--resume", "--json"]],
    ["--out", ["plan", "spec.yaml", "--out="]],
    ["--weights", ["eval", "spec.yaml", "--weights", ""]],
  ])("takes no option without its value for absent: %s", async (option, argv) => {
    const { code, out, err } = await pspc(folder, ...argv);
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toContain(`error: \`${option}\` has no value\n = help: `);
  });

  it("says which option was meant, also before its value, and that a folder is missing", async () => {
    for (const words of [["--rnu", "x"], ["--rnu=x"]])
      expect((await pspc(folder, "train", "spec.yaml", ...words)).err).toContain("`--run`");
    const { code, err } = await pspc(folder, "init", "nowhere");
    expect({ code, err }).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no folder .*nowhere/),
    });
  });

  it("says of weights without a spec how to name both", async () => {
    const { code, err } = await pspc(folder, "eval", "weights.pth");
    expect(code).toBe(3);
    expect(err).toContain("SPEC --weights weights.pth");
  });

  it("says which verb was meant", async () => {
    const { code, out, err } = await pspc(folder, "chekc", "spec.yaml");
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toContain("did you mean `check`?");
    expect((await pspc(folder, "constructor")).code).toBe(3);
    expect((await pspc(folder, "resume", "x")).err).toContain("it is called `train --resume RUN`");
  });

  it.each([
    ["check"],
    ["check", "spec.yaml", "--jsno"],
    ["check", "spec.yaml", "no-override"],
    ["train"],
    ["predict", "spec.yaml"],
    ["predict", "spec.yaml", "--alpha", "3"],
    ["eval", "spec.yaml", "--split", "dev"],
    ["eval", "empty", "train.batch=1"],
    ["compare", "spec.yaml", "--seeds", "0"],
    ["compare", "spec.yaml", "--variants", "fcn,nope"],
    ["explain", "E9999"],
    ["plan", "spec.yaml", "spec.yaml"],
    ["plan", "--diff", "spec.yaml"],
    ["plan", "spec.yaml", "--memory", "much"],
    ["plan", "spec.yaml", "--image", "0x3"],
  ])("answers misuse with 3: %s %s %s %s", async (...argv) => {
    const { code, out, err } = await pspc(folder, ...argv);
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(err).toMatch(/^error: /);
    expect(err).not.toMatch(/hint|found \d error|\^/);
  });

  it("says what is wrong with each word, and what to type", async () => {
    const { err } = await pspc(folder, "check", "spec.yaml", "nothing", "--jsno");
    expect(err.split("\n").filter((line) => line.startsWith("error: "))).toEqual([
      "error: `nothing`: expected path.to.key=value",
      "error: there is no argument `--jsno` here",
    ]);
    expect(err).toContain("did you mean `--json`?");
    expect((await pspc(folder, "check")).err).toBe(
      "error: SPEC[#variant] is missing\n = help: `pspc check --help` lists the arguments\n",
    );
  });

  it("explains the arguments of a verb", async () => {
    const { code, out } = await pspc(folder, "train", "--help");
    expect(code).toBe(0);
    expect(out).toContain("--resume");
  });
});

describe("check", () => {
  it("knows a right spec by its network", async () => {
    expect(await pspc(folder, "check", "spec.yaml")).toEqual({
      code: 0,
      out: "spec.yaml: PSPNet over ResNet-50 · 150 classes · crop 473×473 · output stride 8 · features 60×60 · variants: fcn, deep\n",
      err: "",
    });
    expect((await pspc(folder, "check", "spec.yaml#fcn")).out).toContain("dilated FCN");
  });

  it("tells every mistake, to the person", async () => {
    const { code, out, err } = await pspc(folder, "check", "wrong.yaml");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    await expect(err).toMatchFileSnapshot("golden/check-wrong.txt");
  });

  it("tells the rules' mistakes, also of an override", async () => {
    const { code, err } = await pspc(folder, "check", "spec.yaml", "train.crop=33");
    expect(code).toBe(1);
    await expect(err).toMatchFileSnapshot("golden/check-override.txt");
  });

  it("tells every mistake, to a program", async () => {
    const { code, out, err } = await pspc(folder, "check", "wrong.yaml", "--json");
    expect({ code, err }).toEqual({ code: 1, err: "" });
    const answer = JSON.parse(out);
    expect(answer).toMatchObject({ valid: false, error_count: 2 });
    expect(answer.diagnostics[0]).toMatchObject({ code: "E0503", line: 5 });
    expect(answer.diagnostics[1]).toMatchObject({
      code: "E0201",
      severity: "error",
      file: "wrong.yaml",
      line: 6,
      path: "train.iteratoins",
    });
    expect(Object.keys(answer.diagnostics[0])).toEqual(
      "code severity message file line column end_line end_column path notes help related fixes".split(
        " ",
      ),
    );
  });

  it("says that a file is missing", async () => {
    const { code, err } = await pspc(folder, "check", "nope.yaml");
    expect(code).toBe(1);
    expect(err).toContain("cannot read nope.yaml: there is no such file");
  });

  it("reads a spec that is a module", async () => {
    const value =
      "{pspc: 1, data: {root: '.', train: 't', classes: ['a', 'b']}, train: {crop: 34, iterations: 1}}";
    writeFileSync(join(folder, "spec.mjs"), `export default ${value};\n`);
    const { code, err } = await pspc(folder, "check", "spec.mjs");
    expect(code).toBe(1);
    expect(err).toContain("┌─ spec.mjs");
    expect(err).toContain("E0501");
    writeFileSync(join(folder, "none.mjs"), "export const spec = 1;\n");
    expect((await pspc(folder, "check", "none.mjs")).err).toContain("has no default export");
  });
});

describe("plan", () => {
  it("counts PSPNet50 as the paper's authors built it", async () => {
    const { code, out } = await pspc(folder, "plan", "spec.yaml", "--json");
    expect(code).toBe(0);
    const plan = JSON.parse(out);
    expect(plan).toMatchObject({
      parameters: { inference: 46_782_550, training: 49_180_908 },
      output_stride: 8,
      feature: [60, 60],
      iterations: 126_300,
      variants: ["fcn", "deep"],
      data: null,
    });
    expect(plan.macs.inference / 1e9).toBeCloseTo(161.9, 1);
    expect(plan.macs.training / 1e9).toBeCloseTo(170.5, 1);
    expect(plan.memory_bytes).toBeGreaterThan(1e10);
    expect(plan.layers[0]).toMatchObject({ name: "backbone.stem1", output: [237, 237, 64] });
  });

  it("prints it for people", async () => {
    const { code, out, err } = await pspc(folder, "plan", "spec.yaml");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    // Rewrites change the graph, and save memory, now and then.
    await expect(steady(out)).toMatchFileSnapshot("golden/plan-pspnet50.txt");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(85);
  });

  const steady = (out: string): string =>
    out.replace(/\d[\d.]* [MG]iB/g, "…").replace(/(fingerprint +).*/, "$1…");

  it("says what is recomputed, what that costs and what it saves", async () => {
    const asked = (memory: string, ...argv: readonly string[]) =>
      pspc(folder, "plan", "spec.yaml", "train.crop=185", `train.memory=${memory}`, ...argv);
    const [kept, again] = [
      JSON.parse((await asked("none", "--json")).out),
      JSON.parse((await asked("{budget: 4500MiB}", "--json")).out),
    ];
    expect(kept.recompute).toBe(null);
    expect(kept.memory_bytes).toBeGreaterThan(4500 * 2 ** 20);
    expect(again.memory_bytes).toBeLessThanOrEqual(4500 * 2 ** 20);
    expect(again.recompute.memory_bytes_without).toBe(kept.memory_bytes);
    expect(again.recompute.runs[0]).toEqual(["stage1.block1"]);
    // Less than the forward pass, of which a step is three.
    expect(again.recompute.macs).toBeLessThan(again.macs.training / 2);
    expect(again.fingerprint).toBe(kept.fingerprint);
    expect((await asked("{recompute: blocks}")).out).toMatch(
      /17 blocks recomputed: saves \d\.\d GiB\n +for \d+\.\d G more MACs an image, \d\d % of a step\n/,
    );
    expect((await asked("{budget: 1GiB}")).err).toContain("error[E0562]");
  });

  it("says which batch fits a memory", async () => {
    const asked = (...argv: readonly string[]) => pspc(folder, "plan", "spec.yaml", ...argv);
    expect((await asked("--memory", "8GiB")).out).toMatch(
      /in 8\.0 GiB: a batch of 16 does not fit; the largest is (\d): train\.batch=\1\n/,
    );
    expect((await asked("--memory", "1MiB")).out).toContain("not even one image fits");
    const { largest_batch } = JSON.parse((await asked("--memory", "8GB", "--json")).out);
    const needs = async (batch: number) =>
      JSON.parse((await asked(`train.batch=${batch}`, "--json")).out).memory_bytes;
    expect(await needs(largest_batch.batch)).toBeLessThanOrEqual(8e9);
    expect(await needs(largest_batch.batch + 1)).toBeGreaterThan(8e9);
  });

  it("compares specs and saved plans, and tells by the exit code where asked", async () => {
    expect((await pspc(folder, "plan", "spec.yaml", "--out", "old.json")).code).toBe(0);
    const diff = (...argv: readonly string[]) => pspc(folder, "plan", "--diff", ...argv);
    expect(await diff("old.json", "spec.yaml", "--exit-code")).toMatchObject({
      code: 0,
      out: "old.json and spec.yaml have the same plan\n",
    });
    expect((await diff("old.json", "spec.yaml#fcn")).code).toBe(0);
    const other = await diff("old.json", "spec.yaml#fcn", "--exit-code");
    expect(other.code).toBe(2);
    await expect(steady(other.out)).toMatchFileSnapshot("golden/plan-diff.txt");
    const json = await diff("old.json", "spec.yaml#deep", "--json");
    const { same, layers, figures } = JSON.parse(json.out);
    expect(same).toBe(false);
    expect(layers.added).toHaveLength(17 * 3);
    expect(layers.removed).toHaveLength(0);
    expect(figures["parameters.training"]).toEqual([49_180_908, 68_173_036]);
  });

  it("says that a file is no plan", async () => {
    writeFileSync(join(folder, "no.json"), "{}");
    const { code, err } = await pspc(folder, "plan", "--diff", "no.json", "spec.yaml");
    expect(code).toBe(1);
    expect(err).toContain("no.json is not a saved plan");
  });

  it("reads a plan that 0.1 saved, and refuses a format that it does not know", async () => {
    const saved = readFileSync("test/golden/v0.1/plan.json", "utf8");
    writeFileSync(join(folder, "v01.json"), saved);
    const read = await pspc(folder, "plan", "--diff", "v01.json", "spec.yaml", "--json");
    expect(read.code).toBe(0);
    const { parameters } = JSON.parse(saved);
    expect(JSON.parse(read.out).figures["parameters.training"]).toEqual([
      parameters.training,
      49_180_908,
    ]);
    writeFileSync(join(folder, "v9.json"), saved.replace('"plan": 1', '"plan": 9'));
    const other = await pspc(folder, "plan", "--diff", "v9.json", "spec.yaml");
    expect(other.code).toBe(1);
    expect(other.err).toContain("it has format 9; this version of pspc reads format 1");
    expect(other.err).toContain("pspc plan SPEC --out v9.json");
  });

  it("tells a wrong spec's mistakes where the plan was asked for", async () => {
    const { code, out } = await pspc(folder, "plan", "wrong.yaml", "--json");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ valid: false });
  });
});

describe("show, schema, compile, explain", () => {
  it("shows a spec that means the same", async () => {
    const { code, out } = await pspc(folder, "show", "spec.yaml#fcn", "train.batch=4");
    expect(code).toBe(0);
    writeFileSync(join(folder, "shown.yaml"), out);
    const experiment = async (...argv: readonly string[]) =>
      JSON.parse((await pspc(folder, "show", ...argv, "--json")).out).experiment;
    expect(await experiment("shown.yaml")).toEqual(
      await experiment("spec.yaml#fcn", "train.batch=4"),
    );
  });

  it("shows what a variant changes, and what that costs", async () => {
    const { code, out } = await pspc(folder, "show", "spec.yaml", "--diff", "spec.yaml#deep");
    expect(code).toBe(0);
    const told = out.replace(/\d[\d.]* [MG]iB/g, "…");
    await expect(told).toMatchFileSnapshot("golden/show-diff.txt");
    const json = await pspc(folder, "show", "spec.yaml#deep", "--diff", "spec.yaml", "--json");
    expect(JSON.parse(json.out).differences.map(({ path }: { path: string }) => path)).toContain(
      "model.backbone.resnet",
    );
    const same = await pspc(folder, "show", "spec.yaml", "--diff", "spec.yaml");
    expect(same.out).toBe("spec.yaml and spec.yaml mean the same\n");
  });

  it("prints the schema that is checked in", async () => {
    const { code, out } = await pspc(folder, "schema");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync("schema/pspc.schema.json", "utf8")));
  });

  it("prints the schema of the diagnostics, which real ones satisfy", async () => {
    const { code, out } = await pspc(folder, "schema", "--diagnostics");
    expect(code).toBe(0);
    for (const spec of ["spec.yaml", "wrong.yaml", "nope.yaml", "spec.yaml#nope"]) {
      const answer = await pspc(folder, "check", spec, "--json");
      expect(conforms(JSON.parse(out), JSON.parse(answer.out))).toBe(true);
    }
    expect(conforms(JSON.parse(out), { valid: true })).toBe(false);
  });

  const small = ["model.backbone.resnet=18", "train.crop=89", "train.batch=2"];

  it("prints the graph of the training step", async () => {
    const { code, out } = await pspc(folder, "compile", "spec.yaml", ...small);
    expect(code).toBe(0);
    expect(out).toContain("input images : u8[2,89,89,3]");
    expect(out).toContain("return loss = ");
  });

  it("writes a SavedModel", async () => {
    const { code, out } = await pspc(folder, "compile", "spec.yaml", ...small, "--out", "made");
    expect(code).toBe(0);
    const files = out.trim().split("\n");
    expect(files).toEqual(["made/graph.txt", "made/program.json", "made/saved_model.pb"]);
    expect(files.every((file) => existsSync(join(folder, file)))).toBe(true);
  });

  it("explains a code", async () => {
    const { code, out } = await pspc(folder, "explain", "e0503");
    expect(code).toBe(0);
    expect(out).toMatch(/^# E0503/);
    expect(await pspc(folder, "explain", "503")).toEqual({ code, out, err: "" });
    expect((await pspc(folder, "explain", "E0593")).err).toContain("did you mean");
  });
});

describe("what needs a run or data", () => {
  it.each([
    ["train", "spec.yaml"],
    ["train", "--resume", "empty"],
    ["eval", "spec.yaml"],
    ["eval", "empty"],
    ["predict", "spec.yaml", "image.png"],
    ["compare", "spec.yaml"],
  ])("answers with 1 and a remedy where it is missing: %s %s %s", async (...argv) => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    const { code, out, err } = await pspc(folder, ...argv);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/(^|\n)error: /);
    expect(err).toContain(" = help: ");
    expect(existsSync(join(folder, "runs/spec"))).toBe(false);
  });

  it("is told by a data check, which goes through every split", async () => {
    const { code, out } = await pspc(folder, "data", "check", "spec.yaml");
    expect(code).toBe(1);
    expect(out).toContain("train: 0 pairs, 1 mistake");
    expect(out).toContain(" = help: ");
  });

  it("is told by a data check whatever is wrong with the rest of the spec, and with its variants", async () => {
    const { code, out } = await pspc(folder, "data", "check", "wrong.yaml");
    const right = await pspc(folder, "data", "check", "spec.yaml");
    expect({ code, out }).toEqual({ code: right.code, out: right.out });
    const data = await pspc(folder, "data", "check", "wrong.yaml", "data.classes=[a, a]");
    expect(data.code).toBe(1);
    expect(data.err.match(/error\[E\d+\]/g)).toEqual(["error[E0517]"]);
    const variant = await pspc(folder, "data", "stats", "wrong.yaml#fnc");
    expect(variant.err).toContain("did you mean");
  });
});
