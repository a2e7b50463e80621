/** An input of the graph → the placeholder that JavaScript feeds, and for bytes how its words become bytes again. */

import type { Ops } from "../graph/op.js";
import { product, type Shape } from "../graph/type.js";
import type { Emitter, TensorName } from "./emitter.js";

export const placeholder = (to: Emitter, { name, dtype, shape }: Ops["input"]): TensorName =>
  dtype === "u8"
    ? unpacked(to, name, shape)
    : to.emit("Placeholder", [], { dtype: { type: dtype }, shape: { shape } }, `input/${name}`);

/**
 * Bytes cross from JavaScript as 32-bit words, because tfjs has no byte tensors: the same memory, read again inside
 * the graph.
 */
const unpacked = (to: Emitter, name: string, shape: Shape): TensorName => {
  const bytes = product(shape);
  const words = Math.ceil(bytes / 4);
  const given = to.emit(
    "Placeholder",
    [],
    { dtype: { type: "i32" }, shape: { shape: [words] } },
    `input/${name}`,
  );
  const cast = to.emit("Bitcast", [given], { T: { type: "i32" }, type: { type: "u8" } });
  const reshape = (x: TensorName, sizes: Shape): TensorName =>
    to.emit("Reshape", [x, to.integers(sizes)], { T: { type: "u8" }, Tshape: { type: "i32" } });
  const all = reshape(cast, [words * 4]);
  const used =
    words * 4 === bytes
      ? all
      : to.emit("Slice", [all, to.integers([0]), to.integers([bytes])], {
          T: { type: "u8" },
          Index: { type: "i32" },
        });
  return reshape(used, shape);
};
