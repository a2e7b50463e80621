/** The layers of a training graph's forward pass: shape, receptive field, parameters and multiply-accumulates of each. */

import { cellLength } from "../graph/constant.js";
import { macsOf } from "../graph/cost.js";
import { type Graph, type Value, type ValueOf, valuesOfOp } from "../graph/graph.js";
import { ofRank, product } from "../graph/type.js";
import { isTrained, type LayerSite, layerName, type Part } from "../graph/variable.js";

export interface LayerRow {
  readonly name: string;
  readonly kind: "convolution" | "max pool" | "average pool";
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
  const fields = receptiveFields(graph);
  const parameters = parametersByLayer(graph);
  return graph.values.flatMap((value) => {
    const own = describe(value, graph);
    if (own === undefined) return [];
    const [batch = 1, height = 0, width = 0, channels = 0] = own.shape;
    return [
      {
        name: own.name,
        kind: own.kind,
        kernel: own.kernel,
        output: [height, width, channels],
        stride: own.stride,
        dilation: own.dilation,
        receptive_field: fields[value.id]?.size ?? 0,
        parameters: parameters.get(own.name) ?? 0,
        macs: macsOf(value, graph) / batch,
        part: own.part,
        block: own.block,
      } satisfies LayerRow,
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

interface Own extends Omit<LayerRow, "output" | "receptive_field" | "parameters" | "macs"> {
  readonly shape: readonly number[];
}

const blockOf = (site: LayerSite): LayerRow["block"] =>
  site.part === "backbone" && site.stage !== 0 ? { stage: site.stage, block: site.block } : null;

/** A value as a layer; most values are none. */
const describe = (value: Value, graph: Graph): Own | undefined => {
  const { shape } = value.types[0];
  if (value.op === "convolution") {
    const kernel = graph.values[value.args[1]];
    if (kernel.op !== "variable" || kernel.attributes.site === null) return undefined;
    const [height, width] = ofRank(kernel.attributes.shape, 4);
    const { site } = kernel.attributes;
    const { stride, dilation } = value.attributes;
    const window = { kernel: [height, width], stride, dilation, shape } as const;
    const { part } = site;
    return { name: layerName(site), kind: "convolution", ...window, part, block: blockOf(site) };
  }
  if (value.op === "maxPool") {
    const { size, stride } = value.attributes;
    // The stem pools by 3×3 steps of 2; cells of the pyramid lie side by side.
    const at =
      size[0] === stride[0]
        ? ({ name: `pyramid.bin${shape[1]}.pool`, part: "pyramid" } as const)
        : ({ name: "backbone.pool", part: "backbone" } as const);
    const window = { kernel: size, stride: stride[0], dilation: 1, shape };
    return { ...at, kind: "max pool", ...window, block: null };
  }
  const cell = averageCell(value, graph);
  if (cell === undefined) return undefined;
  const name = `pyramid.bin${cell.bin}.pool`;
  const pooled = [shape[0], cell.bin, cell.bin, shape[2]];
  return {
    name,
    kind: "average pool",
    kernel: cell.size,
    stride: cell.size[0],
    dilation: 1,
    shape: pooled,
    part: "pyramid",
    block: null,
  };
};

interface Cell {
  readonly bin: number;
  readonly size: readonly [height: number, width: number];
}

/** All bins are averaged by one product with a constant matrix; a bin's share of it is a slice. */
const averageCell = (value: Value, graph: Graph): Cell | undefined => {
  if (value.op !== "slice") return undefined;
  const pooled = graph.values[value.args[0]];
  const matrix =
    pooled.op === "matmul" && !pooled.attributes.transposeA
      ? graph.values[pooled.args[0]]
      : undefined;
  if (matrix?.op !== "constant" || matrix.attributes.content.kind !== "pooling") return undefined;
  const { height, width } = matrix.attributes.content;
  const bin = Math.sqrt(value.attributes.size[1]);
  return { bin, size: [cellLength(bin, height), cellLength(bin, width)] };
};

/** `size` pixels of the input meet one value; `jump` pixels lie between neighbouring values. */
interface Field {
  readonly size: number;
  readonly jump: number;
}

/** By value; what no image flows into has none. */
const receptiveFields = (graph: Graph): readonly (Field | undefined)[] => {
  const fields: (Field | undefined)[] = [];
  for (const value of graph.values) {
    const meets = value.args.flatMap((id) => fields[id] ?? []);
    fields.push(
      value.op === "input"
        ? { size: 1, jump: 1 }
        : meets.length === 0
          ? undefined
          : fieldOf(value, graph, {
              size: Math.max(...meets.map(({ size }) => size)),
              jump: Math.min(...meets.map(({ jump }) => jump)),
            }),
    );
  }
  return fields;
};

const fieldOf = (value: Value, graph: Graph, { size, jump }: Field): Field => {
  const over = (window: number, step: number): Field => ({
    size: size + (window - 1) * jump,
    jump: jump * step,
  });
  if (value.op === "convolution") {
    const { stride, dilation } = value.attributes;
    return over(dilation * (heightOf(graph.values[value.args[1]]) - 1) + 1, stride);
  }
  if (value.op === "maxPool") return over(value.attributes.size[0], value.attributes.stride[0]);
  if (value.op === "resize") return { size, jump: jump * resizeRatio(value, graph) };
  const cell = averageCell(value, graph);
  return cell === undefined ? { size, jump } : over(cell.size[0], cell.size[0]);
};

const heightOf = (kernel: Value): number => kernel.types[0].shape[0];

const resizeRatio = (value: ValueOf<"resize">, graph: Graph): number =>
  graph.values[value.args[0]].types[0].shape[1] / value.attributes.height;
