/** Measures the numbers by which TensorFlow's forms are priced on this machine (tensorflow/speeds.ts): some seconds, once a machine. */

import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { getOrElse } from "fp-ts/lib/Option.js";
import {
  add,
  apply,
  cast,
  matmul,
  multiply,
  padding,
  scalar,
  slice,
  transpose,
  variable,
} from "../graph/compose.js";
import { type Graph, number } from "../graph/graph.js";
import { type Node, shapeOf, typeOf, type Variable } from "../graph/op.js";
import { product } from "../graph/type.js";
import { inForm, isLayer, type Layer, macsOfLayer } from "../rewrite/forms.js";
import { computesBf16, thisMachine, type Want } from "../runtime/machine.js";
import { openSession } from "../runtime/session.js";
import {
  byKind,
  byLayer,
  bytes,
  KINDS,
  type Kind,
  LAYERS,
  type LayerKind,
  layerKind,
  moved,
  NUMBERS,
  type Numbers,
  type Rates,
  SIZES,
  type Speeds,
  tiledMoves,
} from "../tensorflow/speeds.js";
import { savedModel } from "../tensorflow/target.js";
import { tilingCost } from "../tensorflow/tiling.js";
import { typical } from "../tensorflow/typical-speeds.js";
import { quantile, spread, type Times, takenByOthers, timed } from "./timing.js";

/** Numbers that a session holds; equal ones are one variable. */
export const held = (name: string, dtype: Numbers, ...shape: number[]): Variable =>
  variable({
    name: `${name}/${dtype}/${shape.join("x")}`,
    dtype,
    shape,
    role: "settled",
    site: null,
    initial: { kind: "constant", value: 0 },
  });

/** One number of the result: all of it is computed, and nearly nothing crosses the border. */
export const corner = (node: Node): Node => {
  const shape = shapeOf(node);
  const first = slice(
    node,
    shape.map(() => 0),
    shape.map(() => 1),
  );
  return cast(first, "f32");
};

/** Rows and columns of two images, by their channels: enough to fill the caches, and soon done. */
const SIDES = { 16: 96, 64: 48, 512: 24 } as const satisfies Record<(typeof SIZES)[number], number>;
type Size = keyof typeof SIDES;

const layerOf = (kind: Exclude<Kind, "product">, size: Size, numbers: Numbers): Layer & Node =>
  layerFor(kind, numbers, SIDES[size], size);

const layerFor = (
  kind: Exclude<Kind, "product">,
  numbers: Numbers,
  side: number,
  size: number,
): Layer & Node => {
  const reach = kind.endsWith("1×1") ? 1 : 3;
  const window = { stride: 1, dilation: 1, padding: padding(reach >> 1) };
  const image = held("image", numbers, 2, side, side, size);
  const kernel = held("kernel", numbers, reach, reach, size, size);
  if (kind.startsWith("convolution")) return apply("convolution", window, [image, kernel]);
  return kind.startsWith("input")
    ? apply("convolutionInputGradient", { ...window, shape: shapeOf(image) }, [kernel, image])
    : apply("convolutionKernelGradient", { ...window, shape: shapeOf(kernel) }, [image, image]);
};

/** Pixels by a matrix of channels, as a 1×1 convolution has it. */
const productOf = (size: Size, numbers: Numbers): Node =>
  matmul(held("left", numbers, 2 * SIDES[size] ** 2, size), held("right", numbers, size, size));

const TILE = 4;

/** A 3×3 layer by tiles, as pspc's own kernels take it. */
const inTiles = (layer: Layer & Node): Node =>
  getOrElse<Node>(() => layer)(inForm(layer, `winograd-${TILE}`));
const tiledName = (kind: LayerKind, size: Size): string =>
  `tiles_${kind}_${size}`.replace(" ", "_");

interface Measure {
  readonly kind: Kind;
  readonly numbers: Numbers;
  readonly size: Size;
  readonly node: Node;
}

const name = ({ kind, numbers, size }: Omit<Measure, "node">): string =>
  `${kind}_${numbers}_${size}`.replaceAll(/[ ×]/g, "_");

const measures = (formats: readonly Numbers[]): readonly Measure[] =>
  formats.flatMap((numbers) =>
    KINDS.flatMap((kind) =>
      SIZES.map((size) => {
        const node = kind === "product" ? productOf(size, numbers) : layerOf(kind, size, numbers);
        return { kind, numbers, size, node };
      }),
    ),
  );

const CALLS = 16;
const [one, other] = [held("one", "f32", 8), held("other", "f32", 8)];
const wide = held("wide", "f32", 2, 48, 48, 512);
const blocks = held("blocks", "f32", 2, 12, 4, 12, 4, 512);

/** What is not arithmetic. The first is a call of the session with nothing in it. */
const plain: Readonly<Record<string, Node>> = {
  nothing: one,
  calls: Array.from({ length: CALLS }).reduce<Node>((x) => multiply(x, other), one),
  move: add(wide, scalar(1)),
  turn: transpose(blocks, [2, 4, 0, 1, 3, 5]),
};

/** The gradient of a large kernel by a few pixels: nearly all of it is bringing the result into order. */
const reorders = (numbers: Numbers): Node => {
  const few = held("few", numbers, 2, 2, 2, 1024);
  const window = { stride: 1, dilation: 1, padding: padding(0) };
  return apply("convolutionKernelGradient", { ...window, shape: [1, 1, 1024, 1024] }, [few, few]);
};

type Starting = keyof Speeds["start"];
/** A layer of a few pixels: all of it is the kernel's start. */
const starting = (kind: LayerKind, by: Starting): Node =>
  by === "tiles" ? inTiles(layerFor(kind, "f32", 4, 16)) : layerFor(`${kind} 1×1`, by, 2, 64);
const startName = (kind: LayerKind, by: Starting): string =>
  `start_${kind}_${by}`.replace(" ", "_");

/** Rounds of all measures: a measure takes a call of the session and less than a millisecond more, so that few say little. */
const TIMING = { rounds: 64, seconds: 5, isWarm: true };

export interface Calibration {
  readonly speeds: Speeds;
  /** How many of the measures came out otherwise a moment later, as a share. */
  readonly unsteady: number;
  /** How much of all processors' time other processes took, as a share; `null` where that says nothing. */
  readonly others: number | null;
}

/** What a calibration reads of the world; this machine where nothing is given. */
export interface Watches {
  /** Milliseconds. */
  readonly clock?: () => number;
  /** Milliseconds of processors that others took so far. */
  readonly others?: () => number | null;
  readonly rounds?: number;
}

/** Measures that came out otherwise by more than this are unsteady; with more of them than this share, nothing is kept. */
const [APART, MOST] = [0.1, 0.2];
/** Nor where others took more than this share of the processors. */
const BUSY = 0.1;
export const isSteady = ({ unsteady, others }: Omit<Calibration, "speeds">): boolean =>
  unsteady <= MOST && (others ?? 0) <= BUSY;

/** @throws Failed: no TensorFlow, no such device. */
export const calibrate = async (
  want: Want,
  { clock = () => performance.now(), others = takenByOthers, rounds = TIMING.rounds }: Watches = {},
): Promise<Calibration> => {
  const formats = computesBf16() ? NUMBERS : (["f32"] as const);
  const all = measures(formats);
  const { name: _, ...machine } = thisMachine(want);
  const ours = machine.ownKernels === true ? LAYERS : [];
  const nodes = {
    ...plain,
    ...Object.fromEntries(
      ours.flatMap((kind) =>
        SIZES.map((size) => [tiledName(kind, size), inTiles(layerOf(kind, size, "f32"))]),
      ),
    ),
    ...Object.fromEntries(formats.map((numbers) => [`reorder_${numbers}`, reorders(numbers)])),
    ...Object.fromEntries(
      [...formats, ...(ours.length > 0 ? (["tiles"] as const) : [])].flatMap((by) =>
        LAYERS.map((kind) => [startName(kind, by), starting(kind, by)]),
      ),
    ),
    ...Object.fromEntries(all.map((each) => [name(each), each.node])),
  };
  const session = await openSession(savedModel(graphsFor(nodes), { machine, known: {} }), want);
  try {
    session.run("fill", {});
    const names = Object.keys(nodes);
    const [started, before] = [performance.now(), others()];
    const times = timed(session, names, { ...TIMING, rounds, clock });
    const [lasted, after] = [performance.now() - started, others()];
    const apart = [...times.values()].filter((taken) => spread(taken) > APART);
    return {
      speeds: speedsFrom(times, all),
      unsteady: apart.length / times.size,
      others:
        before === null || after === null
          ? null
          : Math.max(0, (after - before) / (lasted * cpus().length)),
    };
  } finally {
    session.dispose();
  }
};

/** A graph for each node, and one that fills what they hold. Neither zeros, which some kernels skip, nor denormal. */
const graphsFor = (nodes: Readonly<Record<string, Node>>): Readonly<Record<string, Graph>> => {
  const leaves = new Map<string, Variable>();
  const collect = (node: Node): void => {
    if (node.op === "variable") leaves.set(node.attributes.name, node);
    for (const arg of node.args) collect(arg);
  };
  for (const node of Object.values(nodes)) collect(node);
  const fill = number({
    results: { filled: scalar(leaves.size, "i32") },
    updates: [...leaves.values()].map((leaf, i) => ({
      variable: leaf,
      value: cast(noise(leaf, i), typeOf(leaf).dtype),
    })),
  });
  const graph = (node: Node): Graph => number({ results: { corner: corner(node) }, updates: [] });
  const asked = Object.entries(nodes).map(([each, node]): [string, Graph] => [each, graph(node)]);
  return { fill, ...Object.fromEntries(asked) };
};

const noise = (like: Node, stream: number): Node =>
  apply("uniform", { shape: shapeOf(like), seed: 1, stream }, [scalar(1, "i32")]);

const flopsOf = (node: Node): number =>
  2 *
  (isLayer(node) ? macsOfLayer(node) : (shapeOf(node.args[0]!)[1] ?? 1) * product(shapeOf(node)));

/** What is left of a time may be as little as noise. */
const LEFT = 0.1;

/** Each number from the measure that shows it, less what is known by then. */
const speedsFrom = (times: Times, all: readonly Measure[]): Speeds => {
  const taken = (of: string): number => quantile(times.get(of) ?? [], 0.25) * 1e6;
  const nothing = taken("nothing");
  const own = (of: string, less: number): number =>
    Math.max(LEFT * taken(of), taken(of) - nothing - less);
  const call = own("calls", 0) / CALLS;
  const perByte = (of: "move" | "turn"): number => own(of, call) / moved(plain[of]!);
  const [move, turn] = [perByte("move"), perByte("turn")];
  const reorderOf = (numbers: Numbers): number => {
    const of = `reorder_${numbers}`;
    if (!times.has(of)) return typical["AVX-512"].reorder[numbers];
    return Math.max(0, own(of, call) / bytes(reorders(numbers)) - move);
  };
  const reorder = { f32: reorderOf("f32"), bf16: reorderOf("bf16") };
  const startOf = (name: string): number => (times.has(name) ? taken(name) - nothing - call : 0);
  const starts = (by: Starting) => byLayer((kind) => Math.max(0, startOf(startName(kind, by))));
  const start = { f32: starts("f32"), bf16: starts("bf16"), tiles: starts("tiles") };
  const rate = ({ node, ...of }: Measure): number => {
    const again = of.kind.startsWith("kernel") ? reorder[of.numbers] * bytes(node) : 0;
    const begun = isLayer(node) ? start[of.numbers][layerKind(node)] : 0;
    return flopsOf(node) / own(name(of), call + move * moved(node) + again + begun);
  };
  const ratesOf = (numbers: Numbers, kind: Kind): Rates => {
    const found = all.filter((each) => each.numbers === numbers && each.kind === kind);
    const [small, middle, large] = found.map(rate);
    return small && middle && large
      ? [small, middle, large]
      : typical["AVX-512"].rates[numbers][kind];
  };
  const rates = (numbers: Numbers) => byKind((kind) => ratesOf(numbers, kind));
  const tileRate = (kind: LayerKind, size: Size): number => {
    const layer = layerOf(kind, size, "f32");
    const cost = tilingCost(layer, TILE);
    return cost.flops / own(tiledName(kind, size), tiledMoves(layer, cost, { call, move, start }));
  };
  const tileRates = (kind: LayerKind): Rates => [
    tileRate(kind, 16),
    tileRate(kind, 64),
    tileRate(kind, 512),
  ];
  const tiles = times.has(tiledName("convolution", 16)) ? { tiles: byLayer(tileRates) } : {};
  const known = { call, move, turn, reorder, start, ...tiles };
  return { ...known, rates: { f32: rates("f32"), bf16: rates("bf16") } };
};
