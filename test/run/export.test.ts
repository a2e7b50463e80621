/** Exports of every kind of network, each asked in a runtime that did not write it, against the network's own logits. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as E from "fp-ts/lib/Either.js";
import { beforeAll, describe, expect, it } from "vitest";
import type { Experiment } from "../../src/normalize/experiment.js";
import {
  type Choices,
  choicesFor,
  type Exported,
  type ExportRequest,
  exportNetwork,
  formats,
} from "../../src/run/export.js";
import { predict } from "../../src/run/predict.js";
import { predictExported } from "../../src/run/predict-exported.js";
import { inOnnxRuntime, inTensorFlow, inWasm } from "../../src/runtime/exported.js";
import type { Format } from "../../src/target/format.js";
import { lower } from "../../src/tensorflow/target.js";
import { networkVariables } from "../../src/weights/fit.js";
import { encodeSafetensors } from "../../src/weights/safetensors.js";
import { hasPython } from "../onnx/python.js";
import { type Differs, tiny } from "../oracle/experiment.js";
import { stateFor } from "../oracle/scene.js";
import { collect, failureOf, kinds, experiment as ofSquares, squares, temporary } from "./tiny.js";

let folder = "";
beforeAll(async () => {
  folder = await temporary();
});

const named = (ending: string): Format => formats.find((one) => one.ending === ending)!;

const weightsOf = (experiment: Experiment, name: string): string => {
  const file = join(folder, `${name}.safetensors`);
  writeFileSync(file, encodeSafetensors(stateFor(networkVariables(experiment, "infer"))));
  return file;
};

type More = Partial<Choices> & Partial<Pick<ExportRequest, "to" | "mustBeChecked">>;

const request = (name: string, differs: Differs, format: Format, more: More = {}): ExportRequest =>
  requestOf(name, tiny(differs), format, more);

const requestOf = (
  name: string,
  experiment: Experiment,
  format: Format,
  { to, mustBeChecked = true, ...chosen }: More = {},
): ExportRequest => ({
  program: lower(experiment),
  weights: weightsOf(experiment, name),
  format,
  to: to ?? join(folder, `${name}${format.ending}`),
  choices: choicesFor(experiment, { give: ["classes", "probabilities", "logits"], ...chosen }),
  mustBeChecked,
  device: "cpu",
  command: "npx pspc export",
});

const exported = async (asked: ExportRequest): Promise<Exported> => {
  const events = exportNetwork(asked);
  for (;;) {
    const next = await events.next();
    if (next.done) {
      expect(next.value).not.toBeNull();
      return next.value!;
    }
  }
};

const networks: Readonly<Record<string, readonly [Differs, readonly [number, number]]>> = {
  "basic-deep": [{ pyramid: { bins: [1, 2, 3, 6] } }, [65, 49]],
  "bottleneck-conv7-max-areas": [
    {
      backbone: {
        block: "bottleneck",
        width: 2,
        stem: { kind: "conv7", channels: 6 },
        stride_site: "1x1",
        first_dilation: "contracted",
      },
      pyramid: { bins: [2, 3], pool: "max", order: "descending" },
      model: { align_corners: false },
    },
    [57, 73],
  ],
  "no-pyramid-even": [{ backbone: { blocks: [2, 2, 2, 2] }, pyramid: null }, [64, 48]],
  "average-areas-odd": [
    { pyramid: { bins: [1, 2, 5], order: "descending" }, model: { align_corners: false } },
    [50, 44],
  ],
  "averaged-shortcuts-odd": [
    { backbone: { shortcut: "averaged" }, pyramid: { bins: [1, 2] } },
    [57, 45],
  ],
  "depthwise-relu6": [
    {
      backbone: {
        block: "inverted",
        blocks: [3, 3, 7, 4],
        strides: [2, 2, 1, 1],
        width: 8,
        stem: { kind: "conv3", channels: 8 },
        pool: "none",
        activation: "relu6",
      },
      pyramid: { bins: [1, 2, 3] },
    },
    [58, 43],
  ],
  "no-reduction-stride-16": [
    {
      backbone: { dilations: [1, 1, 1, 2] },
      pyramid: { bins: [1, 4], pool: "max", channels: null },
    },
    [81, 97],
  ],
};

/** A page holds a GraphModel as its folder does (test/browser asks it in a browser). */
const programs = formats.filter(({ ending }) => ending !== ".html");

const cases = programs.flatMap((format) =>
  Object.keys(networks).map((name) => ({ format, name, ending: format.ending })),
);

const runsOnnx = hasPython("onnxruntime");
const checkable = cases.filter(({ ending }) => ending !== ".onnx" || runsOnnx);
const without = runsOnnx ? "" : " (but for .onnx: Python's onnxruntime is not installed)";

describe(`an exported network${without}`, () => {
  it.each(checkable)("answers as the network does: $name $ending", async ({ format, name }) => {
    const [differs, [height, width]] = networks[name]!;
    const { check, bytes } = await exported(
      request(name, differs, format, { size: { height, width } }),
    );
    expect(bytes).toBeGreaterThan(10_000);
    expect(check).toMatchObject({ pictures: ["noise", "noise"], classes: 1 });
    expect("logits" in check && check.logits).toBeLessThan(2e-5);
    expect("probabilities" in check && check.probabilities).toBeLessThan(2e-5);
  });
});

describe("an export", () => {
  const small: Differs = { pyramid: { bins: [1, 2] } };

  it("is checked on a picture of the validation split and on noise, and says so inside", async () => {
    const root = join(folder, "squares");
    await squares(root);
    const asked = requestOf("squares", ofSquares(root), named(".tfjs"), { give: ["classes"] });
    const { to, check } = await exported(asked);
    // The whole network is compared, though only classes are kept.
    expect(check).toMatchObject({
      runtime: expect.stringMatching(/^TensorFlow\.js 4\.22\.0 on wasm$/),
      pictures: ["8.png", "noise"],
      classes: 1,
      logits: expect.any(Number),
    });
    const model = JSON.parse(readFileSync(join(to, "model.json"), "utf8"));
    expect(Object.keys(model.signature.outputs)).toEqual(["classes"]);
    expect(model.signature.inputs.images).toMatchObject({ name: "images", dtype: "DT_INT32" });
    const about = JSON.parse(readFileSync(join(to, "pspc.json"), "utf8"));
    expect(about).toEqual(model.userDefinedMetadata);
    expect(about).toMatchObject({
      classes: ["ground", "square"],
      size: [41, 41],
      numbers: "f32",
      fingerprint: asked.program.fingerprint,
      checked: { classes: 1 },
    });
    const card = readFileSync(join(to, "README.md"), "utf8");
    expect(card).toContain("1. square");
    expect(card).toContain(`program ${asked.program.fingerprint.program}`);
  });

  it("predicts pictures on WebAssembly, as the run does in TensorFlow where they have its size", async () => {
    const root = join(folder, "seen");
    await squares(root);
    const size = { height: 44, width: 46 };
    const give = ["classes", "probabilities"] as const;
    const asked = requestOf("seen", ofSquares(root), named(".tfjs"), { size, give });
    const { to: model } = await exported(asked);
    const inputs = [join(root, "8.png"), join(root, "9.png"), join(root, "10.png")];
    const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
    const [own, other] = await Promise.all([
      collect(predict({ ...asked, inputs, out: ours, probabilities: true })),
      collect(predictExported({ model, inputs, out: theirs, probabilities: true })),
    ]);
    const images = [own, other].map((events) =>
      kinds(events, "predicted").map(({ image }) => image),
    );
    expect(images[1]?.toSorted()).toEqual(images[0]?.toSorted());
    for (const name of ["8.png", "10.png", "8.overlay.png"])
      expect(readFileSync(join(theirs, name))).toEqual(readFileSync(join(ours, name)));
    const shares = (of: string) => {
      const bytes = readFileSync(join(of, "8.safetensors"));
      return new Float32Array(
        bytes.buffer.slice(bytes.byteOffset + bytes.length - 44 * 46 * 2 * 4),
      );
    };
    expect(farthest(shares(theirs), shares(ours))).toBeLessThan(1e-5);
    // One pixel higher than the network looks at: scaled, and the answer scaled back.
    expect(kinds(other, "note")).toMatchObject([
      { message: expect.stringContaining("one picture was scaled to 44x46") },
    ]);
    const scaled = kinds(other, "predicted").find(({ image }) => image === inputs[1]);
    const total = scaled?.areas.reduce((sum, { pixels }) => sum + pixels, 0);
    expect(total).toBe(45 * 46);
    const strange = await failureOf(
      collect(predictExported({ model: folder, inputs, out: theirs })),
    );
    expect(strange.reason).toBe("it holds no pspc.json");
  });

  it.each(programs.filter(({ ending }) => ending !== ".onnx" || runsOnnx))(
    "takes pictures of any size, with windows, mirror and scales in the graph: $ending",
    async (format) => {
      const looking = {
        mode: "slide",
        average: "probabilities",
        window: [41, 41],
        overlap: 1 / 3,
        scales: [0.75, 1],
        mirror: true,
      } as const;
      const of = { ...small, evaluate: looking };
      const size = { height: 49, width: 57 };
      const give = ["classes", "probabilities"] as const;
      const asked = request("looks", of, format, { size, give, look: "evaluated", anySize: true });
      const { check } = await exported(asked);
      expect(check).toMatchObject({ classes: 1, logits: null });
      expect("probabilities" in check && check.probabilities).toBeLessThan(1e-5);
    },
  );

  it.skipIf(!runsOnnx)(
    "gives whole numbers where bytes are too few for its classes",
    { timeout: 240_000 },
    async () => {
      const many: Differs = { ...small, classes: 600 };
      const written = async (format: Format): Promise<string> =>
        (await exported(request("many", many, format, { give: ["classes"] }))).to;
      const text = readFileSync(await written(named(".html")), "latin1");
      const part = (id: string): Buffer =>
        gunzipSync(Buffer.from(RegExp(`id="${id}">([^<]*)<`).exec(text)?.[1] ?? "", "base64"));
      // A page's own example, as pspc sees it.
      const { buffer, byteOffset, length } = part("expected");
      const seen = [...new Uint16Array(buffer.slice(byteOffset, byteOffset + length))];
      expect(Math.max(...seen)).toBeGreaterThan(255);
      const [height, width] = tiny(many).train.crop;
      const calls = [{ pixels: part("pixels"), count: 1, height, width }];
      const results = [{ name: "classes", isWhole: true }];
      const runtimes = [inTensorFlow, inWasm, inOnnxRuntime];
      for (const [i, format] of programs.entries()) {
        const path = await written(format);
        expect(await runtimes[i]!({ path, calls, results })).toMatchObject({
          right: { answers: [{ classes: Int32Array.from(seen) }] },
        });
      }
    },
  );

  it("halves with f16 and quarters with u8, and tells how far they are", async () => {
    const wide: Differs = { ...small, backbone: { width: 16 } };
    const sizes: number[] = [];
    for (const precision of ["f32", "f16", "u8"] as const) {
      const to = join(folder, `${precision}.tfjs`);
      const { check } = await exported(request("wide", wide, named(".tfjs"), { precision, to }));
      expect("classes" in check && check.classes).toBeGreaterThan(0.99);
      expect("logits" in check && check.logits).toBeLessThan(
        { f32: 2e-5, f16: 3e-3, u8: 0.1 }[precision],
      );
      sizes.push(weightBytes(to));
    }
    const [f32 = 0, f16 = 0, u8 = 0] = sizes;
    expect(f16 / f32).toBeCloseTo(0.5, 1);
    expect(u8 / f32).toBeCloseTo(0.25, 1);
  });

  it("overwrites nothing, and leaves nothing of a draft that fails or is stopped", async () => {
    const asked = request("kept", small, named(".savedmodel"));
    await exported(asked);
    const there = readdirSync(folder).sort();
    expect((await failureOf(exported(asked))).message).toBe(`${asked.to} is there already`);

    // Where nothing can be made, and where a folder has the file's name.
    const within = { ...asked, to: join(asked.to, "pspc.json", "other.savedmodel") };
    expect((await failureOf(exported(within))).message).toContain("cannot make the folder");
    const taken = { ...asked, format: named(".onnx"), mustBeChecked: false };
    expect((await failureOf(exported(taken))).message).toBe(`cannot write ${asked.to}`);
    expect(readdirSync(folder).sort()).toEqual(there);

    // Where all is written but the last of a folder's files.
    const broken: Format = {
      ...named(".tfjs"),
      write: (network) =>
        E.map(
          (files: ReadonlyMap<string, Uint8Array>) =>
            new Map([...files, ["x".repeat(300), Buffer.of(1)]]),
        )(named(".tfjs").write(network)),
    };
    const halved = { ...asked, format: broken, to: join(folder, "halved.tfjs") };
    expect((await failureOf(exported(halved))).message).toMatch(/^cannot write .*xxx/);
    expect(readdirSync(folder).sort()).toEqual(there);

    const stop = new AbortController();
    stop.abort();
    const stopped = exportNetwork({
      ...asked,
      to: join(folder, "other.savedmodel"),
      signal: stop.signal,
    });
    const events: unknown[] = [];
    let next = await stopped.next();
    for (; !next.done; next = await stopped.next()) events.push(next.value);
    expect(next.value).toBeNull();

    const huge = new Map(
      [...stateFor(networkVariables(tiny(small), "infer"))].map(([name, { shape, data }]) => [
        name,
        { shape, data: name.endsWith("kernel") ? Float32Array.from(data, () => 1e6) : data },
      ]),
    );
    const file = join(folder, "kept.safetensors");
    writeFileSync(file, encodeSafetensors(huge as ReturnType<typeof stateFor>));
    const tooLarge = {
      ...asked,
      format: named(".tfjs"),
      choices: { ...asked.choices, precision: "f16" },
      to: join(folder, "huge.tfjs"),
    } as const;
    expect((await failureOf(exported(tooLarge))).message).toContain("cannot be stored as f16");
    expect(readdirSync(folder).sort()).toEqual(there);
  });

  it("says so where the runtime is absent, or fails if it must be checked", async () => {
    const asked = request("alone", small, named(".onnx"), { mustBeChecked: false });
    const absent = "onnxruntime-node is not installed; there is no python3";
    const path = process.env.PATH;
    // No python3 is found where nothing is.
    process.env.PATH = folder;
    try {
      const { check, to, bytes } = await exported(asked);
      expect(check).toEqual({ unchecked: absent });
      expect(readFileSync(to).length).toBe(bytes);
      expect(readFileSync(to, "latin1")).toContain(JSON.stringify({ unchecked: absent }));
      const there = readdirSync(folder).sort();
      const must = { ...asked, mustBeChecked: true, to: join(folder, "must.onnx") };
      expect((await failureOf(exported(must))).message).toBe("the ONNX cannot be checked here");
      expect(readdirSync(folder).sort()).toEqual(there);
    } finally {
      process.env.PATH = path;
    }
  });

  it("is a SavedModel in the layout of TensorFlow Serving", async () => {
    const { to } = await exported(request("layout", small, named(".savedmodel")));
    expect(existsSync(join(to, "1", "saved_model.pb"))).toBe(true);
    expect(readdirSync(to).sort()).toEqual(["1", "README.md", "pspc.json"]);
  });

  it.skipIf(!runsOnnx)("has its card beside it where it is a single file", async () => {
    const asked = request("single", small, named(".onnx"), { give: ["classes"] });
    const { to } = await exported(asked);
    const card = readFileSync(`${to}.md`, "utf8");
    expect(card).toMatch(/^---\npipeline_tag: image-segmentation\ntags: \[.*onnx\]\n---\n/);
    expect(card).toContain(
      "| in | `images` | u8, RGB from 0 to 255; mean and std are in the graph | `[N, ",
    );
    expect(card).toContain("onnxruntime 1.");
  });
});

const farthest = (a: Float32Array, b: Float32Array): number =>
  a.length === b.length
    ? a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN))), 0)
    : Number.POSITIVE_INFINITY;

const weightBytes = (to: string): number =>
  readdirSync(to)
    .filter((name) => name.endsWith(".bin"))
    .reduce((total, name) => total + readFileSync(join(to, name)).length, 0);
