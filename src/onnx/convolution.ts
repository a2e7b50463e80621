/** ONNX's nodes for convolutions, plain ones and one a channel. */

import type { Padding, Window } from "../graph/op.js";
import { ofRank } from "../graph/type.js";
import type { Made, Operand, Writer } from "./operand.js";
import type { Attribute } from "./proto.js";

interface Site {
  readonly attributes: Window;
  readonly args: readonly [x: Operand, kernel: Operand];
}

const ints = (values: readonly number[]): Attribute => ({ ints: values });
export const pads = ({ top, left, bottom, right }: Padding): Attribute =>
  ints([top, left, bottom, right]);

/** With its bias, where it has one. */
export const convolve = (
  to: Writer,
  { attributes, args: [x, kernel] }: Site,
  bias?: Operand,
): Made => {
  const [height, width, from] = ofRank(kernel.type.shape, 4);
  const [, , , channels] = ofRank(x.type.shape, 4);
  const { stride, dilation, padding } = attributes;
  const inputs = [x.as("first"), kernel.ordered([3, 2, 0, 1])];
  return {
    layout: "first",
    name: to.emit("Conv", bias === undefined ? inputs : [...inputs, bias.as("last")], {
      kernel_shape: ints([height, width]),
      strides: ints([stride, stride]),
      dilations: ints([dilation, dilation]),
      pads: pads(padding),
      ...(from === channels ? {} : { group: { int: channels / from } }),
    }),
  };
};
