/** PSPNet (paper section 3.2 and figure 3): the pyramid pooling module over the backbone, the head, the auxiliary head. */

import {
  concat,
  constant,
  matmul,
  maxPool,
  padding,
  reshape,
  resize,
  slice,
} from "../graph/compose.js";
import { cellLength } from "../graph/constant.js";
import { type Node, sizesOf } from "../graph/op.js";
import type { Model, Pyramid } from "../normalize/experiment.js";
import { backbone } from "./backbone.js";
import { type Context, chain, conv, convNormRelu, drop, type Layer } from "./layer.js";

/** A map `[N, bin, bin, C]`. */
interface Pooled {
  readonly bin: number;
  readonly map: Node;
}

/**
 * Means of `[N, h, w, C]` over the cells of every bin, each `[N, bin, bin, C]`: one product with a constant matrix
 * pools them all, for any map and any bin.
 */
const averages = (bins: readonly number[], x: Node): readonly Pooled[] => {
  const [n, height, width, c] = sizesOf(x, 4);
  const cells = bins.reduce((total, bin) => total + bin * bin, 0);
  const matrix = constant({ kind: "pooling", bins, height, width }, "f32", cells, height * width);
  const pooled = matmul(matrix, reshape(x, [n, height * width, c]));
  return bins.map((bin, i) => {
    const start = bins.slice(0, i).reduce((total, before) => total + before * before, 0);
    const own = slice(pooled, [0, start, 0], [n, bin * bin, c]);
    return { bin, map: reshape(own, [n, bin, bin, c]) };
  });
};

/** Cells of equal length laid end to end along the rows and columns, so that plain max pooling meets each. */
const unfoldCells = (bin: number, x: Node): Node => {
  const [n, height, width, c] = sizesOf(x, 4);
  const [rows, columns] = [bin * cellLength(bin, height), bin * cellLength(bin, width)];
  const vertical = constant({ kind: "cells", bins: bin, size: height }, "f32", rows, height);
  const horizontal = constant({ kind: "cells", bins: bin, size: width }, "f32", columns, width);
  const tall =
    rows === height
      ? x
      : reshape(matmul(vertical, reshape(x, [n, height, width * c])), [n, rows, width, c]);
  return columns === width ? tall : matmul(horizontal, tall);
};

/** Maxima over the cells of one bin, `[N, bin, bin, C]`. */
const maxima = (bin: number, x: Node): Node => {
  const unfolded = unfoldCells(bin, x);
  const [, height, width] = sizesOf(unfolded, 4);
  const cell = [height / bin, width / bin] as const;
  return maxPool(unfolded, cell, cell, padding(0));
};

const pools = ({ pool, bins }: Pyramid, x: Node): readonly Pooled[] =>
  pool === "average" ? averages(bins, x) : bins.map((bin) => ({ bin, map: maxima(bin, x) }));

/** `[N, h, w, C]` → `[N, h, w, C + bins·channels]`. */
export const pyramid =
  (context: Context, of: Pyramid): Layer =>
  (x) => {
    const [, height, width] = sizesOf(x, 4);
    const branches = pools(of, x).map(({ bin, map }) => {
      const reduce: Layer =
        of.channels === null
          ? (y) => y
          : convNormRelu(context, { part: "pyramid", bin }, { channels: of.channels, size: 1 });
      return resize(reduce(map), height, width, context.alignCorners);
    });
    return concat([x, ...(of.order === "ascending" ? branches : branches.toReversed())], 3);
  };

export interface Logits {
  /** `[N, h, w, classes]` at the features' size. */
  readonly main: Node;
  /** Of the auxiliary head; absent where the spec has none, and in inference. */
  readonly auxiliary: Node | null;
}

interface Classifier {
  readonly channels: number;
  readonly dropout: number;
}

/** 3×3, norm, ReLU, dropout, 1×1: the head, and (with fewer channels) the auxiliary head. */
const classifier = (
  context: Context,
  part: "head" | "auxiliary",
  of: Classifier,
  classes: number,
  stream: number,
): Layer =>
  chain(
    convNormRelu(context, { part, layer: "fuse" }, { channels: of.channels, size: 3 }),
    drop(context, of.dropout, stream),
    conv({ part, layer: "classifier" }, { channels: classes, size: 1, bias: true }),
  );

/** Streams of the dropout masks: a number each, so that two layers never draw the same. */
const streams = { head: 1, auxiliary: 2 };

export const network =
  (context: Context, model: Model, classes: number) =>
  (image: Node): Logits => {
    const maps = backbone(context, model.backbone)(image);
    const [, , , features] = maps;
    const scene = model.pyramid === null ? features : pyramid(context, model.pyramid)(features);
    const { auxiliary, head } = model;
    const main = classifier(context, "head", head, classes, streams.head)(scene);
    if (auxiliary === null || context.phase === "infer") return { main, auxiliary: null };
    const read = maps[auxiliary.after - 1] ?? features;
    const also = classifier(context, "auxiliary", auxiliary, classes, streams.auxiliary);
    return { main, auxiliary: also(read) };
  };
