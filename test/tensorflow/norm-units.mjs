// @ts-check
/** A norm's gradient by pspc's own kernel, with and without a ReLU, in the vector units that this process may use: how far it is from 64 bits leaves. */

import process from "node:process";
import { apply, cast, input, part, relu } from "../../dist/graph/compose.js";
import { number } from "../../dist/graph/graph.js";
import { openSession } from "../../dist/runtime/session.js";
import { plainCpu, savedModel } from "../../dist/tensorflow/target.js";

const EPSILON = 1e-3;
/** Rows of one sum, of several that one thread takes, and of several that all take. @type {readonly (readonly number[])[]} */
const shapes = [
  [2, 3, 5, 16],
  [2, 24, 24, 144],
  [2, 40, 50, 48],
];

/** @param {number} length @param {number} by */
const noise = (length, by) => Float32Array.from({ length }, (_, i) => Math.sin(by * i) + 0.3);
/** @param {number} value */
const rounded = (value) => {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  const [near = 0] = new Float32Array(
    Uint32Array.of((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000).buffer,
  );
  return near;
};

/** @param {readonly number[]} shape @param {"f32" | "bf16"} numbers @param {boolean} isGated */
const graphOf = (shape, numbers, isGated) => {
  const channels = shape.at(-1) ?? 0;
  const [x, dy] = [input("x", "f32", ...shape), input("dy", "f32", ...shape)].map((each) =>
    cast(each, numbers),
  );
  const [scale, shift] = [input("scale", "f32", channels), input("shift", "f32", channels)];
  if (x === undefined || dy === undefined) throw new Error("two images");
  // In f32: without AVX-512 TensorFlow has no norm of bf16.
  const norm = apply("batchNorm", { epsilon: EPSILON }, [cast(x, "f32"), scale, shift]);
  const y = relu(cast(norm, numbers));
  const slope = isGated ? apply("reluGradient", {}, [dy, y]) : dy;
  const args = /** @type {const} */ ([slope, x, scale, part(norm, 1), part(norm, 2)]);
  const whole = apply("batchNormGradient", { epsilon: EPSILON }, args);
  return number({
    results: {
      y: cast(y, "f32"),
      dx: cast(whole, "f32"),
      dscale: part(whole, 1),
      dshift: part(whole, 2),
    },
    updates: [],
  });
};

/**
 * In 64 bits, with the ReLU that was computed.
 * @param {{ x: Float32Array, dy: Float32Array, scale: Float32Array }} given @param {ArrayLike<number> | null} gate
 */
const wanted = ({ x, dy, scale }, gate) => {
  const channels = scale.length;
  const rows = x.length / channels;
  const [dx, dscale, dshift] = [Array(x.length), Array(channels), Array(channels)];
  for (let c = 0; c < channels; c++) {
    const at = (/** @type {number} */ row) => row * channels + c;
    const all = (/** @type {(at: number) => number} */ of) => {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += of(at(row));
      return sum;
    };
    const mean = all((i) => x[i] ?? 0) / rows;
    const variance = all((i) => ((x[i] ?? 0) - mean) ** 2) / rows;
    const inverse = 1 / Math.sqrt(variance + EPSILON);
    const slope = (/** @type {number} */ i) => (gate && !((gate[i] ?? 0) > 0) ? 0 : (dy[i] ?? 0));
    const normal = (/** @type {number} */ i) => ((x[i] ?? 0) - mean) * inverse;
    dshift[c] = all(slope);
    dscale[c] = all((i) => slope(i) * normal(i));
    for (let row = 0; row < rows; row++) {
      const i = at(row);
      const straight = slope(i) - (dshift[c] + normal(i) * dscale[c]) / rows;
      dx[i] = (scale[c] ?? 0) * inverse * straight;
    }
  }
  return { dx, dscale, dshift };
};

const kernels = { ...plainCpu, machine: { ...plainCpu.machine, ownKernels: true } };
const found = [];
for (const shape of shapes)
  for (const numbers of /** @type {const} */ (["f32", "bf16"]))
    for (const isGated of [false, true]) {
      const model = savedModel({ of: graphOf(shape, numbers, isGated) }, kernels);
      const [size, channels] = [shape.reduce((a, b) => a * b), shape.at(-1) ?? 0];
      const exact = numbers === "f32" ? (/** @type {number} */ value) => value : rounded;
      const x = noise(size, 1).map(exact);
      const given = {
        x,
        // With what goes along with x, so that no sum is nearly 0.
        dy: noise(size, 2).map((value, i) => exact(value + 0.5 * (x[i] ?? 0))),
        scale: noise(channels, 3),
        shift: noise(channels, 5),
      };
      const session = await openSession(model, "cpu");
      const got = session.run("of", given);
      session.dispose();
      const law = wanted(given, isGated ? (got.y?.data ?? null) : null);
      const apart = Object.fromEntries(
        Object.entries(law).map(([name, values]) => {
          const own = got[name]?.data ?? [];
          const most = (/** @type {(value: number, at: number) => number} */ of) =>
            values.reduce((sum, value, at) => Math.max(sum, Math.abs(of(value, at))), 0);
          const far = most((value, at) => value - (own[at] ?? Number.NaN));
          return [name, far / most((value) => value)];
        }),
      );
      const ops = model.nodes.map(({ op }) => op);
      found.push({ shape, numbers, isGated, ops, apart });
    }
process.stdout.write(JSON.stringify(found));
