/** The ONNX table, operation by operation and in both layouts, against TensorFlow; and whole networks by the checker of ONNX. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, describe, expect, it } from "vitest";
import { valueOrThrow } from "../../src/diagnostic/failure.js";
import * as c from "../../src/graph/compose.js";
import { type Graph, number, stepOf } from "../../src/graph/graph.js";
import { graphOf, verify } from "../../src/graph/infer.js";
import { type Node, type OpName, shapeOf } from "../../src/graph/op.js";
import { product } from "../../src/graph/type.js";
import { onnx } from "../../src/onnx/format.js";
import { operations, type Translated, untranslated } from "../../src/onnx/operation.js";
import { exportStep } from "../../src/plan/inference.js";
import { fillUniform } from "../../src/plan/random.js";
import { ofAnySize } from "../../src/rewrite/any-size.js";
import { freeze } from "../../src/rewrite/freeze.js";
import { rewriteStep } from "../../src/rewrite/rewrite.js";
import { winogradByFilters } from "../../src/rewrite/winograd.js";
import { inOnnxRuntime } from "../../src/runtime/exported.js";
import { openSession } from "../../src/runtime/session.js";
import type { FrozenNetwork } from "../../src/target/format.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";
import { images } from "../oracle/scene.js";
import { hasPython } from "./python.js";

const [runs, checks] = [hasPython("onnxruntime"), hasPython("onnx")];

const folder = mkdtempSync(join(tmpdir(), "pspc-onnx-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [HEIGHT, WIDTH] = [6, 5];
const wave = (shape: readonly number[], phase: number): Float32Array =>
  Float32Array.from({ length: product(shape) }, (_, i) => Math.sin(1.7 * i + phase));

/** Sums of it do not cancel to nothing. */
const noise = (shape: readonly number[], seed: number): Float32Array => {
  const values = new Float32Array(product(shape));
  fillUniform(values, seed, "noise", -1, 1);
  return values;
};

const numbers = new Map(
  Object.entries({
    kernel: [3, 3, 3, 4],
    bias: [3],
    left: [7, 30],
    right: [3, 4],
    stack: [2, 3, 4],
    table: [256, 2],
    depth: [3, 3, 1, 3],
  }).map(([name, shape], i) => [name, { shape, data: wave(shape, i) }] as const),
);
const named = (name: string): Node => c.input(name, "f32", ...numbers.get(name)!.shape);

const rows = (x: Node): Node => c.reshape(x, [30, 3]);
const list = (x: Node): Node => c.reshape(x, [1, 30, 3]);

/** Of an image `[1, 6, 5, 3]` of small numbers. */
const cases: { readonly [K in Translated]: readonly ((x: Node) => Node)[] } = {
  convolution: [
    (x) => c.convolution(x, named("kernel"), { stride: 1, dilation: 1, padding: c.padding(1) }),
    (x) =>
      c.convolution(x, named("kernel"), {
        stride: 2,
        dilation: 2,
        padding: { top: 2, bottom: 1, left: 0, right: 2 },
      }),
  ],
  batchNormInference: [
    (x) =>
      c.apply("batchNormInference", { epsilon: 1e-3 }, [
        x,
        named("bias"),
        named("bias"),
        named("bias"),
        c.vector([0.5, 1, 2]),
      ]),
  ],
  depthwise: [
    (x) => c.depthwise(x, named("depth"), { stride: 1, dilation: 2, padding: c.padding(2) }),
    (x) => c.depthwise(x, named("depth"), { stride: 2, dilation: 1, padding: c.padding(1) }),
  ],
  relu6: [(x) => c.relu6(c.multiply(x, c.scalar(9))), (x) => c.relu6(rows(x))],
  relu: [c.relu, (x) => c.relu(rows(x))],
  maxPool: [(x) => c.maxPool(x, [3, 2], [2, 1], { top: 1, bottom: 0, left: 1, right: 0 })],
  resize: [
    (x) => c.resize(x, 11, 9, true),
    (x) => c.resize(x, 11, 9, false),
    (x) => c.resize(x, 4, 3, false),
    (x) => c.resize(c.maxPool(x, [6, 5], [1, 1], c.padding(0)), 4, 3, true),
  ],
  softmax: [c.softmax, (x) => c.softmax(list(x)), (x) => c.softmax(rows(x))],
  matmul: [
    (x) => c.matmul(rows(x), named("right")),
    (x) => c.matmul(rows(x), named("stack")),
    (x) => c.matmul(named("left"), rows(x)),
    (x) => c.matmul(named("left"), list(x)),
    (x) => c.matmul(rows(x), rows(x), true, false),
    (x) => c.matmul(list(x), rows(x), false, true),
    (x) => c.matmul(x, named("right")),
  ],
  unary: [
    c.negate,
    c.exp,
    (x) => c.log(c.add(c.multiply(x, x), c.scalar(1))),
    (x) => c.sqrt(c.multiply(x, x)),
    (x) => c.reciprocal(c.add(x, c.scalar(3))),
  ],
  binary: [
    (x) => c.add(x, named("bias")),
    (x) => c.subtract(named("bias"), x),
    (x) => c.multiply(x, c.reshape(c.vector([1, 2, 3, 4, 5]), [5, 1])),
    (x) => c.divide(rows(x), c.scalar(3)),
    (x) => c.maximum(x, c.scalar(0.25)),
    (x) => c.minimum(list(x), named("bias")),
    (x) => c.add(x, c.slice(rows(x), [2, 0], [1, 3])),
  ],
  compare: [
    (x) => c.cast(c.equal(x, c.maxPool(x, [1, 1], [1, 1], c.padding(0))), "f32"),
    (x) => c.cast(c.greaterEqual(x, named("bias")), "f32"),
    (x) => c.cast(c.apply("compare", { kind: "less" }, [x, named("bias")]), "f32"),
  ],
  select: [(x) => c.select(c.greaterEqual(x, c.scalar(0)), x, c.negate(x))],
  largest: [c.largest, (x) => c.largest(rows(x))],
  stop: [c.stop],
  after: [(x) => c.apply("after", {}, [x, c.relu(x)])],
  sum: [(x) => c.sum(x, [1, 2]), (x) => c.sum(x, [3], true), (x) => c.sum(x)],
  broadcast: [(x) => c.broadcast(c.slice(x, [0, 0, 0, 0], [1, 1, 5, 3]), [1, 6, 5, 3])],
  cast: [(x) => c.cast(c.cast(c.multiply(x, c.scalar(9)), "i32"), "f32")],
  reshape: [
    rows,
    list,
    (x) => c.reshape(list(x), [5, 6, 3]),
    (x) => c.reshape(x, [1, 6, 15]),
    (x) => c.reshape(x, [2, 3, 5, 3]),
    (x) => c.reshape(c.reshape(x, [1, 3, 2, 5, 1, 3]), [6, 15]),
    (x) => c.reshape(x, [90]),
  ],
  transpose: [
    (x) => c.transpose(x, [0, 2, 1, 3]),
    (x) => c.transpose(x, [3, 1, 0, 2]),
    (x) => c.transpose(list(x), [2, 0, 1]),
    (x) => c.transpose(rows(x), [1, 0]),
    (x) => c.transpose(c.reshape(x, [1, 3, 2, 5, 3]), [0, 2, 4, 1, 3]),
  ],
  concat: [
    (x) => c.concat([x, c.relu(x)], 3),
    (x) => c.concat([x, c.slice(x, [0, 1, 0, 0], [1, 2, 5, 3])], 1),
    (x) => c.concat([rows(x), c.relu(rows(x))], 0),
  ],
  slice: [(x) => c.slice(x, [0, 2, 1, 1], [1, 3, 4, 2]), (x) => c.slice(rows(x), [3, 0], [20, 2])],
  pad: [(x) => c.pad(x, [0, 1, 2, 0], [0, 3, 0, 1]), (x) => c.pad(list(x), [1, 0, 0], [0, 2, 1])],
  reverse: [(x) => c.reverse(x, 2), (x) => c.reverse(x, 3), (x) => c.reverse(rows(x), 0)],
  gather: [(x) => c.gather(named("table"), c.cast(c.relu(c.multiply(x, c.scalar(20))), "i32"))],
  argmax: [(x) => c.cast(c.argmax(x), "f32"), (x) => c.cast(c.argmax(rows(x)), "f32")],
};

/** x with its channels behind the pixels: rank 5 has them nowhere else. */
const behind = (x: Node): Node =>
  c.reshape(c.reshape(x, [1, 1, ...shapeOf(x).slice(1)]), shapeOf(x));
/** x as a layer gives it. */
const before = (x: Node): Node => c.maxPool(x, [1, 1], [1, 1], c.padding(0));

describe.skipIf(!runs)(`ONNX's operations${runs ? "" : " (onnxruntime is not installed)"}`, () => {
  it("are all there, but what a network in use never holds", () => {
    const all: readonly OpName[] = [...untranslated, "input", "variable", "constant"];
    expect(all.filter((op) => op in operations)).toEqual([]);
    expect(Object.keys(cases).sort()).toEqual(Object.keys(operations).sort());
  });

  it("compute what TensorFlow computes, wherever the channels stand", async () => {
    const picture = c.input("images", "u8", 1, HEIGHT, WIDTH, 3);
    const x = c.subtract(c.multiply(c.cast(picture, "f32"), c.scalar(0.02)), c.scalar(2.5));
    const results = Object.fromEntries(
      Object.entries(cases).flatMap(([op, of]) =>
        of.flatMap((each, i) => [
          [`${op}_${i}_behind`, each(behind(x))],
          [`${op}_${i}_before`, each(before(x))],
        ]),
      ),
    );
    const graph = verify(number({ results, updates: [] }));
    const path = join(folder, "operations.onnx");
    const network: FrozenNetwork = { graph, numbers, precision: "f32", about: {} };
    for (const bytes of valueOrThrow(onnx.write(network)).values()) writeFileSync(path, bytes);
    const pixels = images(1, HEIGHT, WIDTH);
    const asked = Object.keys(results).map((name) => ({ name, isWhole: false }));
    const calls = [{ pixels, count: 1, height: HEIGHT, width: WIDTH }];
    const question = { path, calls, results: asked };
    const told = await inOnnxRuntime(question);
    if (E.isLeft(told)) throw new Error(told.left);
    const [answer = {}] = told.right.answers;

    const session = await openSession(savedModel({ graph }), "cpu");
    const given = Object.fromEntries([...numbers].map(([name, { data }]) => [name, data]));
    const wanted = session.run("graph", { images: pixels, ...given });
    session.dispose();
    const apart = Object.entries(wanted).map(([name, { data }]) => {
      const found = answer[name];
      const far = Array.from(data, (value, i) => Math.abs(value - (found?.[i] ?? Number.NaN)));
      return { name, isClose: found?.length === data.length && Math.max(...far) < 1e-4 };
    });
    expect(apart.filter(({ isClose }) => !isClose).map(({ name }) => name)).toEqual([]);
    expect(apart.length).toBeGreaterThan(100);
  });
});

describe("ONNX's forms", () => {
  it("are Winograd's for wide layers of 3×3, which are the same numbers, and native for all else", async () => {
    const x = c.input("x", "f32", 1, 6, 5, 512);
    const layer = (size: number, to: number): Node => {
      const kernel = c.input(`kernel${size}x${to}`, "f32", size, size, 512, to);
      const padding = c.padding((size - 1) / 2);
      return c.convolution(x, kernel, { stride: 1, dilation: 1, padding });
    };
    const results = { wide: layer(3, 512), narrow: layer(3, 64), pointwise: layer(1, 512) };
    const plain = verify(number({ results, updates: [] }));
    const formed = graphOf(rewriteStep(onnx.forms ?? [], stepOf(plain)));
    const count = (graph: Graph, op: OpName) =>
      graph.values.filter((each) => each.op === op).length;
    expect([count(plain, "convolution"), count(plain, "depthwise")]).toEqual([3, 0]);
    expect([count(formed, "convolution"), count(formed, "depthwise")]).toEqual([2 + 36, 36]);

    const session = await openSession(savedModel({ plain, formed }), "cpu");
    const given = Object.fromEntries(
      plain.values.flatMap((value) =>
        value.op === "input"
          ? [[value.attributes.name, noise(value.attributes.shape, value.id)] as const]
          : [],
      ),
    );
    const [a, b] = [session.run("plain", given), session.run("formed", given)];
    session.dispose();
    const far = Array.from(a.wide!.data, (value, i) => Math.abs(value - b.wide!.data[i]!));
    const largest = Math.max(...Array.from(a.wide!.data, Math.abs));
    expect(Math.max(...far) / largest).toBeLessThan(1e-5);
  });
});

/** Of the network that leaves, all weights 0. */
const written = (graph: Graph, name: string): string => {
  const zeros = graph.values.flatMap((value) =>
    value.op === "input" && value.attributes.name !== "images"
      ? [[value.attributes.name, value.attributes.shape] as const]
      : [],
  );
  const frozen = new Map(
    zeros.map(([name, shape]) => [name, { shape, data: new Float32Array(product(shape)) }]),
  );
  const about = { pspc: "0.2.0", classes: ["a", "b"] };
  const path = join(folder, name);
  const network: FrozenNetwork = { graph, numbers: frozen, precision: "f32", about };
  for (const bytes of valueOrThrow(onnx.write(network)).values()) writeFileSync(path, bytes);
  return path;
};

/** What ONNX's full checker leaves to say. */
const checkedFile = (path: string) => {
  const program = `
import json, sys, onnx
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
shape = lambda v: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
print(json.dumps({
    "opset": model.opset_import[0].version,
    "inputs": {v.name: shape(v) for v in model.graph.input},
    "outputs": {v.name: shape(v) for v in model.graph.output},
    "values": [shape(v) for v in model.graph.value_info],
    "metadata": {p.key: p.value for p in model.metadata_props},
    "ops": [n.op_type for n in model.graph.node],
}))`;
  return JSON.parse(execFileSync("python3", ["-c", program, path], { encoding: "utf8" }));
};

describe.skipIf(!checks)(`ONNX's files${checks ? "" : " (onnx is not installed)"}`, () => {
  const border = {
    height: 50,
    width: 44,
    image: "u8",
    give: ["classes", "logits"],
    look: "whole",
  } as const;
  const experiment = tiny({ pyramid: { bins: [1, 2] } });

  it("pass its full checker, say what they are, and turn small maps alone", () => {
    const { rest } = freeze(exportStep(experiment, { ...border, batch: 1 }));
    const said = checkedFile(written(rest, "network.onnx"));
    expect(said).toMatchObject({
      opset: 17,
      inputs: { images: [1, 50, 44, 3] },
      outputs: { classes: [1, 50, 44], logits: [1, 50, 44, 5] },
      metadata: { pspc: "0.2.0", classes: '["a","b"]' },
    });
    const count = (op: string): number => said.ops.filter((each: string) => each === op).length;
    expect(count("Transpose")).toBeLessThanOrEqual(8);
    expect(count("Div")).toBe(0);
    expect(count("Conv")).toBeGreaterThan(10);
  });

  it("say the sizes of what was reshaped or resized, for any number of pictures", () => {
    const late = [...(onnx.late ?? []), winogradByFilters(4, ([, , c]) => c > 3)];
    const at = (batch: number): Graph => {
      const graph = exportStep(experiment, { ...border, batch }, onnx.passes);
      return freeze(graphOf(rewriteStep(late, stepOf(graph)))).rest;
    };
    const graph = ofAnySize(at(2), at(3));
    if (graph === null) throw new Error("places depend on the number of pictures");
    const { inputs, values } = checkedFile(written(graph, "any.onnx"));
    expect(inputs).toEqual({ images: ["batch", 50, 44, 3] });
    // A map of 7×6 pixels, in tiles of 4×4 for each phase of its dilation of 4. Of the phases, of which there are more
    // than pictures, nothing is said.
    expect(values).toContainEqual(["batch", 16, 16, 32]);
    expect(new Set(values.map(([batch]: readonly unknown[]) => batch))).toEqual(new Set(["batch"]));
  });
});
