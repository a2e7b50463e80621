/** From a graph to TensorFlow's nodes, for one replica: its values in order, and then what moves its state. */

import { invariant } from "../diagnostic/invariant.js";
import { type Update, valueAt } from "../graph/graph.js";
import type { Ops } from "../graph/op.js";
import type { Type } from "../graph/type.js";
import { after, type Emitter, elementType, output, type TensorName } from "./emitter.js";
import {
  isSummed,
  type LegalArguments,
  type LegalGraph,
  type LegalValue,
  mapLegalArgs,
} from "./op.js";
import { type Emitted, lowerOperation, type Site } from "./operation.js";
import { across, type Replica, rowsOfInput, share, spread } from "./replica.js";

type VariableAttributes = Ops["variable"];

/** Each replica has a state of its own. */
export const stateName = (name: string, replica: number): string =>
  `state${replica === 0 ? "" : replica}/${name}`;

/** A graph that is being written: its values by number, and the tensors of those that have been emitted. */
export interface Lowering {
  readonly to: Emitter;
  readonly graph: LegalGraph;
  readonly names: Map<number, TensorName>;
  /** The replica that it is written for; a network that leaves is none. */
  readonly replica?: Replica;
  /** Where each sum over the replicas stands among them. */
  readonly order?: ReadonlyMap<number, number>;
}

const handleIn = ({ replica }: Lowering, name: string): TensorName =>
  `${stateName(name, replica?.index ?? 0)}:0`;

export const nameAt = ({ names }: Lowering, id: number): TensorName => {
  const name = names.get(id);
  invariant(name !== undefined, () => `%${id} is asked for, and is no tensor`);
  return name;
};

const variableAt = (of: Lowering, id: number): VariableAttributes => {
  const value = valueAt(of.graph, id);
  invariant(value.op === "variable", () => `%${id} is no variable`);
  return value.attributes;
};

type Kernel = Extract<LegalValue, { readonly op: "applyMomentum" }>;

/** The kernel that writes `id` in place, if one does: it runs with the updates. */
const inPlace = (of: Lowering, id: number): Kernel | null => {
  const value = valueAt(of.graph, id);
  if (value.op === "applyMomentum") return value;
  return value.op === "part" ? inPlace(of, value.args[0]) : null;
};

/** Arguments that a value needs as tensors; of what a kernel writes in place it needs none, but for the decay. */
const readBy = (value: LegalValue): readonly number[] => {
  if (value.op !== "applyMomentum") return value.args;
  const [weight, , ...others] = value.args;
  return value.attributes.decay === 0 ? others : [weight, ...others];
};

/** Values that somebody reads. Variables that are only written are not: they may hold nothing yet. */
const readIn = ({ values, results }: LegalGraph): ReadonlySet<number> =>
  new Set([...values.flatMap(readBy), ...Object.values(results)]);

const lowerValue = (of: Lowering, value: LegalValue): TensorName | null => {
  if (inPlace(of, value.id) !== null || value.op === "applyMomentum") return null;
  if (isBetweenReplicas(value)) return lowerBetween(of, value);
  return value.op === "part"
    ? output(nameAt(of, value.args[0]), value.attributes.index)
    : lowerPlainly(of, value);
};

type Between = Extract<LegalValue, { readonly op: "across" | "share" | "spread" }>;

export const isBetweenReplicas = (value: LegalValue): value is Between =>
  value.op === "across" || value.op === "share" || value.op === "spread";

const lowerBetween = (of: Lowering, value: Between): TensorName => {
  const { to, replica, order } = of;
  const [arg] = value.args;
  const [x, [type]] = [nameAt(of, arg), value.types];
  if (replica === undefined || replica.devices.count === 1)
    return to.emit("Identity", [x], elementType(type));
  if (value.op === "across") return across(to, replica, [x, order?.get(value.id) ?? 0], type);
  if (value.op === "spread")
    return spread(to, replica, x, value.attributes, valueAt(of.graph, arg).types[0]);
  return valueAt(of.graph, arg).op === "input"
    ? rowsOfInput(replica, x, value.attributes, type)
    : share(to, replica, x, value.attributes, type);
};

export const lowerPlainly = <K extends Emitted>(
  of: Lowering,
  {
    op,
    attributes,
    args,
    types,
  }: Pick<Site<K>, "attributes" | "types"> & {
    readonly op: K;
    readonly args: LegalArguments<number>[K];
  },
): TensorName =>
  lowerOperation(op, of.to, {
    attributes,
    args: mapLegalArgs<K, number, TensorName>(args, (id) => nameAt(of, id)),
    argTypes: mapLegalArgs<K, number, Type>(args, (id) => valueAt(of.graph, id).types[0]),
    types,
    handle: (name) => handleIn(of, name),
  });

/**
 * An update runs when the variable has been read and everything that uses it so far has run: nobody sees a half-moved
 * weight, and TensorFlow may write in place. Updates that follow see what was read.
 */
const readersOf = ({ to, names }: Lowering, variable: number): readonly string[] => {
  const name = names.get(variable);
  return name === undefined ? [] : [after(name), ...to.readers(name)];
};

const f32 = { T: { type: "f32" } } as const;

/** The operation that writes a variable; none where the kernel of another update has written it too. */
export const lowerUpdate = (
  of: Lowering,
  { variable, value }: Update<number>,
): TensorName | null => {
  const kernel = inPlace(of, value);
  if (kernel !== null) return kernel.id === value ? lowerMomentum(of, kernel) : null;
  const { name, dtype } = variableAt(of, variable);
  const inputs = [handleIn(of, name), nameAt(of, value), ...readersOf(of, variable)];
  return of.to.emit("AssignVariableOp", inputs, { dtype: { type: dtype } });
};

const lowerMomentum = (of: Lowering, kernel: Kernel): TensorName => {
  const { args, attributes } = kernel;
  const [weight, velocity, , rate] = args;
  const slope = slopeOf(of, kernel);
  const rated = nameAt(of, rate);
  const fast = attributes.scale === 1 ? rated : times(of, rated, attributes.scale);
  const handles = [weight, velocity].map((id) => handleOf(of, id));
  const inputs = [...handles, fast, slope, number(of, attributes.momentum)];
  return of.to.emit("ResourceApplyMomentum", [...inputs, ...readersOf(of, weight)], f32);
};

/**
 * What moves the velocity: the gradient and the decayed weight. m·v + (g + d·w) is m·(v + d/m·w) + g, so that the decay
 * is added to the velocity in place, and no weight is decayed in a copy. Not before the gradient is there: what could
 * start at once would keep a copy of every weight for a whole step.
 */
const slopeOf = (of: Lowering, { args, attributes }: Kernel): TensorName => {
  const { momentum, decay } = attributes;
  const [weight, velocity, gradient] = args;
  const given = nameAt(of, gradient);
  if (decay === 0) return given;
  const now = nameAt(of, weight);
  if (isSummed(attributes))
    return of.to.emit("AddV2", [given, times(of, now, decay, after(given))], f32);
  const moved = [handleOf(of, velocity), number(of, -decay / momentum), now, after(given)];
  of.to.emit("ResourceApplyGradientDescent", moved, f32);
  return given;
};

const handleOf = (of: Lowering, variable: number): TensorName =>
  handleIn(of, variableAt(of, variable).name);

const number = ({ to }: Lowering, value: number): TensorName =>
  to.constant({ dtype: "f32", shape: [], content: value });

const times = (of: Lowering, x: TensorName, by: number, ...later: readonly string[]): TensorName =>
  of.to.emit("Mul", [x, number(of, by), ...later], f32);

/** Every value that somebody reads and that is not fed. */
export const lowerValues = (of: Lowering): void => {
  const read = readIn(of.graph);
  for (const value of of.graph.values) {
    if (of.names.has(value.id) || (value.op === "variable" && !read.has(value.id))) continue;
    const name = lowerValue(of, value);
    if (name !== null) of.names.set(value.id, name);
  }
};
