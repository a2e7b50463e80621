/** The layers of a training graph's forward pass: shape, receptive field, parameters and multiply-accumulates of each. */

import { cellLength } from "../graph/constant.js";
import { macsOf } from "../graph/cost.js";
import { type Graph, type ValueOf, valueAt, valuesOfOp } from "../graph/graph.js";
import type { OpName } from "../graph/op.js";
import { ofRank, product, type Shape } from "../graph/type.js";
import { isTrained, type LayerSite, layerName, type Part } from "../graph/variable.js";

export interface LayerRow {
  readonly name: string;
  readonly kind: "convolution" | "depthwise convolution" | "max pool" | "average pool";
  /** Rows and columns. */
  readonly kernel: readonly [number, number];
  /** `[height, width, channels]` of one image. */
  readonly output: readonly [number, number, number];
  readonly stride: number;
  readonly dilation: number;
  /** Side of the square of input pixels that one output can depend on; it may exceed the crop. */
  readonly receptive_field: number;
  /** Weights, bias, and the scales and shifts of the norm behind it. */
  readonly parameters: number;
  /** Multiply-accumulates for one image. */
  readonly macs: number;
  readonly part: Part;
  /** The residual block that it is a layer of, counted from 1 in its stage. */
  readonly block: { readonly stage: number; readonly block: number } | null;
}

/** Convolutions and pools in the order of the forward pass; gradients are other operations. */
export const layers = (graph: Graph): readonly LayerRow[] => {
  const rows = new Map<string, LayerRow>();
  for (const row of eachIn(graph)) {
    const before = rows.get(row.name);
    rows.set(row.name, before === undefined ? row : beside(before, row));
  }
  return [...rows.values()];
};

/** Of a grouped convolution every group is an operation. */
const beside = (a: LayerRow, b: LayerRow): LayerRow => {
  const [height, width, channels] = a.output;
  return { ...a, output: [height, width, channels + b.output[2]], macs: a.macs + b.macs };
};

const eachIn = (graph: Graph): readonly LayerRow[] => {
  const parameters = parametersByLayer(graph);
  const fields: (Field | undefined)[] = [];
  return graph.values.flatMap((value) => {
    const { layer, ...window } = viewOf(value, graph);
    const field =
      value.op === "input"
        ? { size: 1, jump: 1 }
        : over(
            value.args.flatMap((id) => fields[id] ?? []),
            window,
          );
    fields.push(field);
    if (layer === null) return [];
    const { name, kind, kernel, stride, dilation, shape, part, block } = layer;
    const [batch, height, width, channels] = ofRank(shape, 4);
    // In the order in which saved plans have them: differences compare the texts.
    return [
      {
        name,
        kind,
        kernel,
        output: [height, width, channels],
        stride,
        dilation,
        receptive_field: field?.size ?? 0,
        parameters: parameters.get(name) ?? 0,
        // A mean is no layer of weights.
        macs: kind === "average pool" ? 0 : macsOf(value, graph) / batch,
        part,
        block,
      },
    ];
  });
};

const parametersByLayer = (graph: Graph): ReadonlyMap<string, number> => {
  const total = new Map<string, number>();
  for (const value of valuesOfOp(graph, "variable")) {
    const { site, shape } = value.attributes;
    if (site === null || !isTrained(value.attributes)) continue;
    const layer = layerName(site);
    total.set(layer, (total.get(layer) ?? 0) + product(shape));
  }
  return total;
};

/** `size` pixels of the input meet one value; `jump` pixels lie between neighbouring values. */
interface Field {
  readonly size: number;
  readonly jump: number;
}

/** A window over the argument that an image flows into: its pixels, and how many of them it moves from value to value. */
interface Window {
  readonly window: number;
  readonly step: number;
}

/** What no image flows into meets no pixel of one. */
const over = (meets: readonly Field[], { window, step }: Window): Field | undefined => {
  if (meets.length === 0) return undefined;
  const size = Math.max(...meets.map((field) => field.size));
  const jump = Math.min(...meets.map((field) => field.jump));
  return { size: size + (window - 1) * jump, jump: jump * step };
};

/** How an operation looks at an image, and the layer that it is, if it is one. */
interface View extends Window {
  readonly layer: Layer | null;
}

interface Layer extends Omit<LayerRow, "output" | "receptive_field" | "parameters" | "macs"> {
  readonly shape: Shape;
}

type Rule<K extends OpName> = (value: ValueOf<K>, graph: Graph) => View;

/** Sees of each argument what stands at its own place. */
const pointwise = (): View => ({ window: 1, step: 1, layer: null });

const convolutionView = (
  kind: "convolution" | "depthwise convolution",
  value: ValueOf<"convolution" | "depthwise">,
  graph: Graph,
): View => {
  const [height, width] = ofRank(valueAt(graph, value.args[1]).types[0].shape, 4);
  const { stride, dilation } = value.attributes;
  const site = siteOf(value, graph);
  const layer = site && {
    name: layerName(site),
    kind,
    kernel: [height, width] as const,
    stride,
    dilation,
    shape: value.types[0].shape,
    part: site.part,
    block: blockOf(site),
  };
  return { window: dilation * (height - 1) + 1, step: stride, layer };
};

const views: { readonly [K in OpName]: Rule<K> } = {
  input: pointwise,
  variable: pointwise,
  constant: pointwise,
  part: pointwise,
  convolution: (value, graph) => convolutionView("convolution", value, graph),
  convolutionInputGradient: pointwise,
  convolutionKernelGradient: pointwise,
  depthwise: (value, graph) =>
    poolInBlock(value, graph) ?? convolutionView("depthwise convolution", value, graph),
  depthwiseInputGradient: pointwise,
  depthwiseKernelGradient: pointwise,
  batchNorm: pointwise,
  batchNormGradient: pointwise,
  batchNormInference: pointwise,
  relu: pointwise,
  reluGradient: pointwise,
  relu6: pointwise,
  relu6Gradient: pointwise,
  maxPool: ({ attributes: { size, stride }, types: [{ shape }] }) => {
    // The stem pools by 3×3 in steps of 2; cells of the pyramid lie side by side.
    const at =
      size[0] === stride[0]
        ? ({ name: `pyramid.bin${shape[1]}.pool`, part: "pyramid" } as const)
        : ({ name: "backbone.pool", part: "backbone" } as const);
    const pool = { name: at.name, kind: "max pool", kernel: size, stride: stride[0] } as const;
    const layer = { ...pool, dilation: 1, shape, part: at.part, block: null };
    return { window: size[0], step: stride[0], layer };
  },
  maxPoolGradient: pointwise,
  resize: ({ attributes: { height }, args: [x] }, graph) => {
    const [, from] = ofRank(valueAt(graph, x).types[0].shape, 4);
    return { window: 1, step: from / height, layer: null };
  },
  resizeGradient: pointwise,
  softmax: pointwise,
  crossEntropy: pointwise,
  matmul: pointwise,
  unary: pointwise,
  binary: pointwise,
  compare: pointwise,
  select: pointwise,
  largest: pointwise,
  stop: pointwise,
  after: pointwise,
  sum: pointwise,
  broadcast: pointwise,
  cast: pointwise,
  reshape: pointwise,
  transpose: pointwise,
  concat: pointwise,
  slice: (value, graph) => averagePool(value, graph) ?? pointwise(),
  pad: pointwise,
  reverse: pointwise,
  gather: pointwise,
  kthSmallest: pointwise,
  argmax: pointwise,
  bincount: pointwise,
  uniform: pointwise,
  across: pointwise,
  share: pointwise,
  spread: pointwise,
};

const viewOf = <K extends OpName>(value: ValueOf<K> & { readonly op: K }, graph: Graph): View =>
  views[value.op](value, graph);

const blockOf = (site: LayerSite): LayerRow["block"] =>
  site.part === "backbone" && site.stage !== 0 ? { stage: site.stage, block: site.block } : null;

/** Of one weight for all pixels: the mean of a window, in the block whose convolution comes before it. */
const poolInBlock = (value: ValueOf<"depthwise">, graph: Graph): View | null => {
  const { attributes, args, types } = value;
  const site = valueAt(graph, args[1]).op === "constant" ? siteBefore(args[0], graph) : null;
  if (site === null || site.part !== "backbone" || site.stage === 0) return null;
  const { stage, block } = site;
  const layer = {
    name: `backbone.stage${stage}.block${block}.pool`,
    kind: "average pool" as const,
    kernel: [3, 3] as const,
    stride: attributes.stride,
    dilation: 1,
    shape: types[0].shape,
    part: "backbone" as const,
    block: { stage, block },
  };
  return { window: 3, step: attributes.stride, layer };
};

/** The place of the convolution that a value comes from, along first arguments. */
const siteBefore = (id: number, graph: Graph): LayerSite | null => {
  const value = valueAt(graph, id);
  if (value.op === "convolution") return siteOf(value, graph);
  const [first] = value.args;
  return first === undefined ? null : siteBefore(first, graph);
};

/** Where a convolution stands, by its kernel; by a slice of it, where it is of a group. */
const siteOf = ({ args }: ValueOf<"convolution" | "depthwise">, graph: Graph): LayerSite | null => {
  const given = valueAt(graph, args[1]);
  const kernel = given.op === "slice" ? valueAt(graph, given.args[0]) : given;
  return kernel.op === "variable" ? kernel.attributes.site : null;
};

/** All bins are averaged by one product with a constant matrix; a bin's share of it is a slice. */
const averagePool = (value: ValueOf<"slice">, graph: Graph): View | null => {
  const pooled = valueAt(graph, value.args[0]);
  if (pooled.op !== "matmul" || pooled.attributes.transposeA) return null;
  const matrix = valueAt(graph, pooled.args[0]);
  if (matrix.op !== "constant" || matrix.attributes.content.kind !== "pooling") return null;
  const { height, width } = matrix.attributes.content;
  const [n, cells, channels] = ofRank(value.types[0].shape, 3);
  const bin = Math.sqrt(cells);
  const [rows, columns] = [cellLength(bin, height), cellLength(bin, width)];
  const layer = {
    name: `pyramid.bin${bin}.pool`,
    kind: "average pool" as const,
    kernel: [rows, columns] as const,
    stride: rows,
    dilation: 1,
    shape: [n, bin, bin, channels],
    part: "pyramid" as const,
    block: null,
  };
  return { window: rows, step: rows, layer };
};
