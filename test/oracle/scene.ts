/** Inputs that are the same everywhere: weights that no layer could hide behind, pictures, labels. */

import type { Ops } from "../../src/graph/op.js";
import { product } from "../../src/graph/type.js";
import { ignoredOf } from "../../src/language/labels.js";
import { fillUniform } from "../../src/plan/random.js";
import type { State } from "../../src/runtime/session.js";
import { initialValues } from "../../src/weights/initial.js";

type VariableAttributes = Ops["variable"];

/** Ranges that keep scales and variances off 1, and shifts and means off 0. */
const ranges: Partial<Record<VariableAttributes["role"], readonly [number, number]>> = {
  scale: [0.5, 1.5],
  shift: [-0.3, 0.3],
  mean: [-0.3, 0.3],
  variance: [0.6, 1.6],
};

const valuesFor = (variable: VariableAttributes, seed: number): Float32Array | Int32Array => {
  const { name, role, shape } = variable;
  const range = ranges[role];
  if (range === undefined) return initialValues(variable, seed);
  const values = new Float32Array(product(shape));
  fillUniform(values, seed, name, range[0], range[1]);
  return values;
};

/** A value for every variable; kernels as they are initialised. */
export const stateFor = (variables: readonly VariableAttributes[], seed = 7): State =>
  new Map(variables.map((each) => [each.name, { shape: each.shape, data: valuesFor(each, seed) }]));

/** RGB bytes `[count, height, width, 3]`: coloured waves and a little noise. */
export const images = (count: number, height: number, width: number, phase = 0): Uint8Array => {
  const bytes = new Uint8Array(count * height * width * 3);
  for (let i = 0; i < bytes.length; i++) {
    const [channel, x] = [i % 3, Math.floor(i / 3) % width];
    const y = Math.floor(i / 3 / width) % height;
    const image = Math.floor(i / 3 / width / height) + 5 * phase;
    const wave = Math.sin(x / (5 + image) + channel) + Math.cos(y / (7 + 2 * channel) - image);
    bytes[i] = 128 + 50 * wave + ((Math.imul(i + 1, 2654435761) >>> 20) % 24);
  }
  return bytes;
};

/** Labels `[count, height, width]` in patches; about one pixel in eleven is ignored. */
export const labels = (count: number, height: number, width: number, classes: number): Uint8Array =>
  Uint8Array.from({ length: count * height * width }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return i % 11 === 3 ? ignoredOf(2) : (Math.floor(x / 9) + Math.floor(y / 7)) % classes;
  });
