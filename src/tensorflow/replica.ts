/**
 * The devices of a training, and what is said between the replicas on them: TensorFlow's collectives, of which every
 * replica runs the same in the same order.
 */

import { invariant } from "../diagnostic/invariant.js";
import type { Shared } from "../graph/op.js";
import type { Shape, Type } from "../graph/type.js";
import { after, type Emitter, elementType, padded, type TensorName, tensorOf } from "./emitter.js";
import type { LegalGraph } from "./op.js";
import type { NodeDef } from "./proto.js";

/** The replicas of a training, a device each. One process has those from `first` on, by the `names` of their devices. */
export interface Devices {
  readonly count: number;
  readonly first: number;
  readonly names: readonly string[];
  /** The processor, which is fed and cuts a batch into shares. */
  readonly host: string | undefined;
  /** Whether other processes have replicas, too. */
  readonly isGang?: boolean;
}

/** One device, which TensorFlow chooses. */
export const oneDevice: Devices = { count: 1, first: 0, names: [""], host: undefined };

/** `count` devices of this machine. */
export const devicesHere = (kind: "cpu" | "gpu", count: number): Devices =>
  count === 1
    ? oneDevice
    : {
        count,
        first: 0,
        names: Array.from({ length: count }, (_, i) => `/device:${kind.toUpperCase()}:${i}`),
        host: "/device:CPU:0",
      };

/** Those of process `rank` of `size`, each with `count` devices: their sessions are joined by servers. */
export const devicesOfGang = (
  kind: "cpu" | "gpu",
  count: number,
  { rank, size }: { readonly rank: number; readonly size: number },
): Devices => {
  const task = `/job:worker/replica:0/task:${rank}`;
  return {
    count: count * size,
    first: count * rank,
    names: Array.from({ length: count }, (_, i) => `${task}/device:${kind.toUpperCase()}:${i}`),
    host: `${task}/device:CPU:0`,
    isGang: true,
  };
};

/** The replica that is being written. */
export interface Replica {
  readonly devices: Devices;
  /** Of those of this process, from 0. */
  readonly index: number;
  /** Where inputs are fed, once for all replicas. */
  readonly host: Emitter;
  /** Tells the sums of all graphs of a model from each other. */
  readonly keys: (order: number) => number;
}

/** Where a value of `shape` begins that this replica has the `rank`-th part of. */
const beginning = (axis: number, shape: Shape, rank: number): number[] =>
  shape.map((n, i) => (i === axis ? n * rank : 0));

const rankOf = ({ devices, index }: Replica): number => devices.first + index;

/** A replica's rows of what its process is fed. */
export const rowsOfInput = (
  { host, index }: Replica,
  x: TensorName,
  { axis }: Shared,
  { dtype, shape }: Type,
): TensorName => {
  invariant(axis === 0, "a batch is divided by its images");
  return sliced(host, x, beginning(0, shape, index), { dtype, shape });
};

const sliced = (to: Emitter, x: TensorName, begin: readonly number[], type: Type): TensorName =>
  to.emit("Slice", [x, to.integers(begin), to.integers(type.shape)], {
    ...elementType(type),
    Index: { type: "i32" },
  });

export const share = (
  to: Emitter,
  at: Replica,
  x: TensorName,
  { axis }: Shared,
  type: Type,
): TensorName => sliced(to, x, beginning(axis, type.shape, rankOf(at)), type);

export const spread = (
  to: Emitter,
  at: Replica,
  x: TensorName,
  { axis, replicas }: Shared,
  type: Type,
): TensorName => {
  const rank = rankOf(at);
  const paddings = type.shape.flatMap((n, i) =>
    i === axis ? [n * rank, n * (replicas - 1 - rank)] : [0, 0],
  );
  return padded(to, x, type, paddings);
};

/** One group for all. */
const GROUP = 1;

/** The `order`-th sum of a graph. */
export const across = (
  to: Emitter,
  { devices, keys }: Replica,
  [x, order]: readonly [TensorName, number],
  type: Type,
): TensorName => {
  const whole = (n: number): TensorName => to.constant(tensorOf("i32", [], [n]));
  const isGpu = devices.names.some((name) => name.includes("GPU"));
  return to.emit(
    "CollectiveReduceV2",
    [x, whole(devices.count), whole(GROUP), whole(keys(order))],
    {
      ...elementType(type),
      merge_op: { text: "Add" },
      final_op: { text: "Id" },
      communication_hint: { text: isGpu ? "nccl" : "auto" },
      timeout_seconds: { float: 0 },
      Nordering_token: { int: 0 },
    },
  );
};

/** The sums of a graph in the order in which they can be ready: that of every replica. */
export const sumsInOrder = ({ values }: LegalGraph): readonly number[] => {
  const depths: number[] = [];
  for (const { args } of values)
    depths.push(1 + Math.max(0, ...args.map((arg) => depths[arg] ?? 0)));
  return values
    .flatMap(({ op, id }) => (op === "across" ? [id] : []))
    .sort((a, b) => (depths[a] ?? 0) - (depths[b] ?? 0));
};

/** Each sum waits for the one before: where replicas differ in the order, NCCL waits for ever. */
export const oneByOne = (
  nodes: readonly NodeDef[],
  sums: readonly TensorName[],
): readonly NodeDef[] => {
  const before = new Map(sums.slice(1).map((sum, i) => [after(sum), after(sums[i] ?? sum)]));
  return nodes.map((node) => {
    const earlier = before.get(after(node.name));
    return earlier === undefined ? node : { ...node, inputs: [...node.inputs, earlier] };
  });
};
