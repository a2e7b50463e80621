/** Draws the initial values of variables from a seed: the same bits on every machine. */

import type { Ops } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Initial } from "../graph/variable.js";
import { fillNormal, fillUniform } from "../plan/random.js";
import type { Tensor } from "./tensor.js";

type Variable = Ops["variable"];

/** Values of one variable, row by row. Each is a function of (seed, name, position) alone. */
export const initialValues = (
  { name, dtype, shape, initial }: Variable,
  seed: number,
): Float32Array | Int32Array => {
  const size = product(shape);
  return dtype === "i32"
    ? new Int32Array(size)
    : drawn(new Float32Array(size), name, initial, seed);
};

const drawn = (out: Float32Array, name: string, initial: Initial, seed: number): Float32Array => {
  switch (initial.kind) {
    case "constant":
      // Zeros that nobody writes take no memory.
      return initial.value === 0 ? out : out.fill(initial.value);
    case "kaiming":
      fillNormal(out, seed, name, Math.sqrt(2 / initial.fan));
      return out;
    case "copy":
      return drawn(out, initial.of, initial.initial, seed);
    case "uniform":
      fillUniform(out, seed, name, -initial.bound, initial.bound);
      return out;
  }
};

const sourceOf = ({ name, initial }: Variable): string =>
  initial.kind === "copy" ? initial.of : name;

/** Where a training begins: what is `given` by name, and all else drawn. */
export const initialState = (
  variables: readonly Variable[],
  seed: number,
  given: ReadonlyMap<string, Tensor> = new Map(),
): Map<string, Tensor> =>
  new Map(
    variables.map((of): [string, Tensor] => [
      of.name,
      given.get(sourceOf(of)) ?? { shape: of.shape, data: initialValues(of, seed) },
    ]),
  );
