/** For each differentiable operation, functions to differentiate; hand-picked corners, then random shapes. */

import fc from "fast-check";
import {
  add,
  after,
  apply,
  broadcast,
  concat,
  constant,
  convolution,
  crossEntropy,
  depthwise,
  divide,
  exp,
  greaterEqual,
  log,
  matmul,
  maximum,
  maxPool,
  minimum,
  multiply,
  negate,
  pad,
  reciprocal,
  relu,
  relu6,
  reshape,
  resize,
  reverse,
  scalar,
  select,
  slice,
  softmax,
  sqrt,
  subtract,
  sum,
  transpose,
  vector,
} from "../../src/graph/compose.js";
import { outputSize } from "../../src/graph/infer.js";
import type { Node, OpName, Padding } from "../../src/graph/op.js";
import { broadcastShape, product, type Shape } from "../../src/graph/type.js";

export interface Case {
  readonly name: string;
  /** Shapes of the arguments to differentiate by. */
  readonly args: readonly Shape[];
  readonly f: (...args: Node[]) => Node;
  /** `distinct`: no two equal, none 0, both signs. `positive`: in (0.5, 2). `ties`: whole numbers, many equal. */
  readonly values?: "distinct" | "positive" | "ties";
  /**
   * How a tie is broken before the reference differentiates, so that it takes the side that the IR promises: per
   * argument, the direction in which its i-th element is moved a little.
   */
  readonly nudge?: (arg: number, index: number) => number;
}

const numbers = (shape: Shape, f: (i: number) => number, dtype: "f32" | "i32" = "f32"): Node =>
  constant(
    { kind: "values", values: Array.from({ length: product(shape) }, (_, i) => f(i)) },
    dtype,
    ...shape,
  );

/** The same shapes on every run: a failure names a case that can be run again. */
const sample = <A>(arbitrary: fc.Arbitrary<A>, count: number): A[] =>
  fc.sample(arbitrary, { seed: 1612, numRuns: count });
const size = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
const shapes = fc.array(size(1, 4), { minLength: 1, maxLength: 4 });

const around = (top: number, bottom: number, left: number, right: number): Padding => ({
  top,
  bottom,
  left,
  right,
});

interface Windowed {
  readonly x: Shape;
  readonly kernel: Shape;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: Padding;
}

const convolve = ({ x, kernel, stride, dilation, padding: p }: Windowed): Case => ({
  name: `[${x}] by [${kernel}], stride ${stride}, dilation ${dilation}, padding ${Object.values(p)}`,
  args: [x, kernel],
  f: (image, weights) => convolution(image, weights, { stride, dilation, padding: p }),
});

const inDepth = ({ x, kernel, stride, dilation, padding: p }: Windowed): Case => ({
  name: `[${x}] by [${kernel}], stride ${stride}, dilation ${dilation}, padding ${Object.values(p)}`,
  args: [x, kernel],
  f: (image, weights) => depthwise(image, weights, { stride, dilation, padding: p }),
});

/** As PSPNet has them: square kernels whose padding keeps the size at stride 1. */
const convolutions = sample(
  fc
    .record({
      x: fc.tuple(size(1, 2), size(1, 8), size(1, 8), size(1, 3)),
      k: fc.constantFrom(1, 3, 5),
      to: size(1, 3),
      window: fc.constantFrom([1, 1], [2, 1], [1, 2], [1, 3], [1, 4]),
    })
    .map(({ x, k, to, window: [stride, dilation] }): Windowed => {
      const p = (dilation * (k - 1)) / 2;
      const kernel = [k, k, x[3], to];
      return { x, kernel, stride, dilation, padding: around(p, p, p, p) };
    }),
  24,
);

/** As MobileNetV2 has them; odd and even sides under stride 2 and under every dilation. */
const depthwises = sample(
  fc
    .record({
      x: fc.tuple(size(1, 2), size(1, 8), size(1, 8), size(1, 5)),
      window: fc.constantFrom([1, 1], [2, 1], [2, 1], [1, 2], [1, 3], [1, 4]),
    })
    .map(({ x, window: [stride, dilation] }): Windowed => {
      const p = dilation;
      return { x, kernel: [3, 3, 1, x[3]], stride, dilation, padding: around(p, p, p, p) };
    }),
  20,
);

/** Any padding, any kernel. */
const freeConvolutions = sample(
  fc
    .record({
      x: fc.tuple(size(1, 2), size(1, 7), size(1, 7), size(1, 2)),
      k: fc.tuple(size(1, 3), size(1, 3)),
      stride: size(1, 3),
      to: size(1, 2),
      padding: fc.tuple(size(0, 2), size(0, 2), size(0, 2), size(0, 2)),
    })
    .filter(
      ({ x, k, padding: [t, b, l, r] }) =>
        outputSize(x[1], k[0], 1, 1, t + b) > 0 && outputSize(x[2], k[1], 1, 1, l + r) > 0,
    )
    .map(
      ({ x, k, stride, to, padding: p }): Windowed => ({
        x,
        kernel: [...k, x[3], to],
        stride,
        dilation: 1,
        padding: around(...p),
      }),
    ),
  12,
);

const pool = (
  x: Shape,
  window: readonly [number, number],
  stride: readonly [number, number],
  p: number,
  values: "distinct" | "ties" = "distinct",
): Case => ({
  name: `[${x}], window ${window}, stride ${stride}, padding ${p}, ${values}`,
  args: [x],
  values,
  // The first of equal maxima takes all.
  nudge: (_, index) => -index,
  f: (image) => maxPool(image, window, stride, around(p, p, p, p)),
});

const resized = (x: Shape, height: number, width: number): Case[] =>
  [true, false].map((alignCorners) => ({
    name: `[${x}] to ${height}×${width}, ${alignCorners ? "corners aligned" : "areas"}`,
    args: [x],
    f: (image: Node) => resize(image, height, width, alignCorners),
  }));

const norms = (
  [
    [2, 3, 3, 2],
    [1, 2, 5, 3],
    [4, 1, 1, 2],
    [3, 4, 1, 1],
  ] as const
).flatMap((x): (readonly [Shape, Shape])[] => [[x, [x[3]]]]);

const statistics = ([c]: Shape): [Node, Node] => [
  numbers([c!], (i) => 0.3 * i - 0.2),
  numbers([c!], (i) => 0.7 + 0.5 * i),
];

const pairs: readonly (readonly [Shape, Shape])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1, 3],
    [4, 1],
  ],
  [[], [2, 2]],
  [[1, 2, 2, 3], []],
  ...sample(
    fc
      .tuple(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), size(0, 3))
      .map(([shape, ones, cut]): readonly [Shape, Shape] => [
        shape,
        shape.map((n, i) => (ones[i] ? 1 : n)).slice(Math.min(cut, shape.length)),
      ]),
    6,
  ),
];

const pairwise = (
  kind: string,
  f: (a: Node, b: Node) => Node,
  values: Case["values"] = "distinct",
): Case[] =>
  pairs.map((args) => ({
    name: `${kind} [${args[0]}] and [${args[1]}]${values === "ties" ? " with ties" : ""}`,
    args,
    values,
    f,
  }));

/** Of two equals the first is chosen: moved up where the larger is wanted, down where the smaller. */
const firstOf = (cases: readonly Case[], direction: 1 | -1): Case[] =>
  cases.map((each) => ({ ...each, nudge: (arg) => (arg === 0 ? direction : 0) }));

const elementwise = (
  kind: string,
  f: (x: Node) => Node,
  values: Case["values"] = "distinct",
): Case[] =>
  sample(shapes, 2).map((shape) => ({ name: `${kind} [${shape}]`, args: [shape], values, f }));

const products: readonly Case[] = [false, true].flatMap((ta) =>
  [false, true].flatMap((tb) =>
    (
      [
        [[], []],
        [[2], [2]],
        [[], [3]],
        [[2, 1], [3]],
        [[3], []],
      ] as const
    ).map(([left, right]): Case => {
      const a = [...left, ...(ta ? [4, 2] : [2, 4])];
      const b = [...right, ...(tb ? [3, 4] : [4, 3])];
      return {
        name: `[${a}]${ta ? "ᵀ" : ""} × [${b}]${tb ? "ᵀ" : ""}`,
        args: [a, b],
        f: (x, y) => matmul(x, y, ta, tb),
      };
    }),
  ),
);

const labels = (rows: number, classes: number): Node =>
  numbers([rows], (i) => (i * 5 + 1) % classes, "i32");

export const cases: { readonly [K in OpName]?: readonly Case[] } = {
  input: [{ name: "itself", args: [[2, 2]], f: (x) => x }],
  convolution: [
    ...convolutions.map(convolve),
    ...freeConvolutions.map(convolve),
    ...[
      {
        x: [1, 1, 1, 2],
        kernel: [3, 3, 2, 2],
        stride: 1,
        dilation: 4,
        padding: around(4, 4, 4, 4),
      },
      {
        x: [1, 8, 6, 2],
        kernel: [3, 3, 2, 3],
        stride: 2,
        dilation: 1,
        padding: around(1, 1, 1, 1),
      },
      {
        x: [2, 9, 7, 1],
        kernel: [7, 7, 1, 2],
        stride: 2,
        dilation: 1,
        padding: around(3, 3, 3, 3),
      },
      {
        x: [1, 8, 5, 3],
        kernel: [1, 1, 3, 2],
        stride: 2,
        dilation: 1,
        padding: around(0, 0, 0, 0),
      },
      // Rows and columns that no window meets, and few channels.
      {
        x: [2, 8, 6, 4],
        kernel: [1, 1, 4, 8],
        stride: 2,
        dilation: 1,
        padding: around(0, 0, 0, 0),
      },
    ].map(convolve),
  ],
  depthwise: [
    ...depthwises,
    {
      x: [1, 5, 7, 2],
      kernel: [2, 3, 1, 2],
      stride: 1,
      dilation: 1,
      padding: around(1, 0, 0, 2),
    },
    { x: [2, 3, 4, 3], kernel: [3, 3, 1, 3], stride: 1, dilation: 4, padding: around(4, 4, 4, 4) },
    { x: [1, 9, 6, 2], kernel: [3, 3, 1, 2], stride: 1, dilation: 2, padding: around(0, 3, 1, 2) },
  ].map(inDepth),
  batchNorm: norms.map(([x, channels]) => ({
    name: `[${x}]`,
    args: [x, channels, channels],
    f: (x, scale, shift) => apply("batchNorm", { epsilon: 1e-3 }, [x, scale, shift]),
  })),
  batchNormInference: norms.map(([x, channels]) => ({
    name: `[${x}]`,
    args: [x, channels, channels],
    f: (x, scale, shift) =>
      apply("batchNormInference", { epsilon: 1e-3 }, [x, scale, shift, ...statistics(channels)]),
  })),
  // Of one replica; several are in test/tensorflow/replicas.test.ts.
  across: [{ name: "alone", args: [[2, 3]], f: (x) => apply("across", { replicas: 1 }, [x]) }],
  share: [{ name: "all", args: [[2, 3]], f: (x) => apply("share", { axis: 0, replicas: 1 }, [x]) }],
  spread: [
    { name: "all", args: [[2, 3]], f: (x) => apply("spread", { axis: 1, replicas: 1 }, [x]) },
  ],
  after: [{ name: "its own sum", args: [[2, 3]], f: (x) => after(x, sum(x)) }],
  relu: [
    ...elementwise("relu", relu),
    { name: "relu at 0", args: [[2, 3, 3]], values: "ties", nudge: () => -1, f: relu },
  ],
  relu6: [
    ...elementwise("relu6", relu6),
    {
      name: "relu6 around its bounds",
      args: [[2, 3, 3]],
      f: (x) => relu6(multiply(x, scalar(12))),
    },
  ],
  maxPool: [
    pool([1, 5, 7, 2], [3, 3], [2, 2], 1),
    pool([2, 6, 4, 1], [3, 3], [2, 2], 1),
    pool([1, 6, 6, 2], [2, 3], [2, 3], 0),
    pool([1, 1, 1, 3], [1, 1], [1, 1], 0),
    pool([1, 5, 5, 2], [3, 3], [2, 2], 1, "ties"),
    pool([2, 6, 8, 3], [3, 3], [2, 2], 1, "ties"),
    pool([1, 8, 6, 2], [4, 2], [4, 2], 0, "ties"),
  ],
  resize: [
    ...resized([1, 3, 4, 2], 7, 9),
    ...resized([2, 5, 5, 1], 3, 2),
    ...resized([1, 1, 1, 2], 4, 3),
    ...resized([1, 3, 2, 1], 1, 1),
    ...resized([1, 2, 6, 1], 9, 41),
    ...sample(
      fc.tuple(fc.tuple(size(1, 2), size(1, 6), size(1, 6), size(1, 2)), size(1, 9), size(1, 9)),
      6,
    ).flatMap(([x, height, width]) => resized(x, height, width)),
  ],
  softmax: [
    { name: "[3,5]", args: [[3, 5]], f: softmax },
    { name: "[1,2,2,3]", args: [[1, 2, 2, 3]], f: softmax },
    { name: "ties", args: [[4, 3]], values: "ties", f: softmax },
  ],
  crossEntropy: [
    { name: "[6,4]", args: [[6, 4]], f: (x) => crossEntropy(x, labels(6, 4)) },
    { name: "ties", args: [[5, 3]], values: "ties", f: (x) => crossEntropy(x, labels(5, 3)) },
  ],
  matmul: products,
  unary: [
    ...elementwise("negate", negate),
    ...elementwise("exp", exp),
    ...elementwise("log", log, "positive"),
    ...elementwise("sqrt", sqrt, "positive"),
    ...elementwise("reciprocal", reciprocal, "positive"),
  ],
  binary: [
    ...pairwise("add", add),
    ...pairwise("subtract", subtract),
    ...pairwise("multiply", multiply),
    ...pairwise("divide", divide, "positive"),
    ...firstOf(pairwise("maximum", maximum), 1),
    ...firstOf(pairwise("minimum", minimum), -1),
    ...firstOf(pairwise("maximum", maximum, "ties"), 1),
    ...firstOf(pairwise("minimum", minimum, "ties"), -1),
  ],
  select: [
    {
      name: "by a constant",
      args: [
        [3, 2],
        [3, 2],
      ],
      f: (a, b) =>
        select(
          greaterEqual(
            numbers([3, 2], (i) => (i * 3) % 5),
            broadcast(scalar(2), [3, 2]),
          ),
          a,
          b,
        ),
    },
  ],
  sum: (
    [
      [[2, 3, 4], [0]],
      [
        [2, 3, 4],
        [1, 2],
      ],
      [
        [2, 3, 4],
        [0, 2],
      ],
      [[3, 1], [1]],
      [
        [2, 2],
        [0, 1],
      ],
    ] as const
  ).flatMap(([shape, axes]) =>
    [false, true].map((keep) => ({
      name: `[${shape}] over ${axes}${keep ? ", kept" : ""}`,
      args: [shape],
      f: (x: Node) => sum(x, axes, keep),
    })),
  ),
  broadcast: pairs.flatMap(([a, b]): Case[] => {
    const shape = broadcastShape(a, b)!;
    return [{ name: `[${b}] to [${shape}]`, args: [b], f: (x) => broadcast(x, shape) }];
  }),
  cast: [{ name: "f32 to f32", args: [[3, 2]], f: (x) => apply("cast", { dtype: "f32" }, [x]) }],
  reshape: [
    { name: "[2,6] to [3,4]", args: [[2, 6]], f: (x) => reshape(x, [3, 4]) },
    { name: "[1] to []", args: [[1]], f: (x) => reshape(x, []) },
  ],
  transpose: [
    { name: "[2,3]", args: [[2, 3]], f: (x) => transpose(x, [1, 0]) },
    { name: "[2,3,1,4]", args: [[2, 3, 1, 4]], f: (x) => transpose(x, [3, 0, 2, 1]) },
  ],
  concat: [0, 1, 3].map((axis) => ({
    name: `along ${axis}`,
    args: [1, 3, 2].map((n) => [2, 3, 2, 2].map((other, i) => (i === axis ? n : other))),
    f: (...pieces) => concat(pieces, axis),
  })),
  slice: [
    { name: "inside", args: [[3, 5, 2]], f: (x) => slice(x, [1, 2, 0], [2, 2, 2]) },
    { name: "a corner", args: [[4, 4]], f: (x) => slice(x, [3, 3], [1, 1]) },
  ],
  pad: [
    { name: "one side", args: [[2, 3]], f: (x) => pad(x, [0, 1], [2, 0]) },
    { name: "all round", args: [[1, 2, 2, 1]], f: (x) => pad(x, [0, 1, 2, 0], [1, 0, 3, 1]) },
  ],
  reverse: [0, 2].map((axis) => ({
    name: `along ${axis}`,
    args: [[2, 2, 3]],
    f: (x) => reverse(x, axis),
  })),
};

/** Weighted by `vector`, so that every element of an output counts differently. */
export const weights = (count: number): Node =>
  vector(Array.from({ length: count }, (_, i) => Math.fround(Math.sin(3 * i + 1))));
