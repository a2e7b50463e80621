/**
 * What the processes of a gang tell each other besides gradients: a wish to stop, to save or to step back, counts of
 * pixels, and the state from which all begin. Inputs have a row a replica, of which each process feeds its own.
 */

import { invariant } from "../diagnostic/invariant.js";
import { apply, cast, input, multiply, reshape, sum, variable } from "../graph/compose.js";
import { type Graph, type Step, stepOf } from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import type { Node, Ops } from "../graph/op.js";
import type { DType } from "../graph/type.js";
import { inBuckets } from "./replicas.js";

/** What any of the gang may wish at a step: how many of them do. */
export const wishes = ["stop", "save", "back"] as const;

/** A step that also gives how many replicas wish each; to be divided among `replicas`. */
export const wishing = (graph: Graph, replicas: number): Graph => {
  const step = stepOf(graph);
  const asked = wishes.map((name) => [name, sum(input(name, "f32", replicas))] as const);
  return graphOf({ ...step, results: { ...step.results, ...Object.fromEntries(asked) } });
};

/** (counts i32 `[replicas, length]`) → their sum, to be divided among `replicas`. */
export const counting = (length: number, replicas: number): Graph =>
  graphOf({ results: { counts: sum(input("counts", "i32", replicas, length), [0]) }, updates: [] });

/** Words that a leader can tell. */
export const WORDS = 256;

/**
 * Of one of `replicas`: every variable becomes that of the replica that leads (leads f32 `[replicas]` is 1 for it, and 0
 * for the others, whose variables are 0). Gives the step at which all are, what the leader has told (i32
 * `[replicas, WORDS]` → `[1, WORDS]`), and the identity of each (i32 `[replicas]`).
 */
export const agreeing = (variables: readonly Ops["variable"][], replicas: number): Graph => {
  const own = (name: string, dtype: DType, ...row: readonly number[]): Node =>
    apply("share", { axis: 0, replicas }, [input(name, dtype, replicas, ...row)]);
  const across = (x: Node): Node => apply("across", { replicas }, [x]);
  const leads = reshape(own("leads", "f32"), []);
  const led = (x: Node, dtype: DType): Node => across(multiply(x, cast(leads, dtype)));
  const updates = variables.map((each) => {
    const node = variable(each);
    return { variable: node, value: led(node, each.dtype) };
  });
  const step = updates.find(({ variable: { attributes } }) => attributes.role === "step");
  invariant(step !== undefined, "a training counts its steps");
  const identity = apply("spread", { axis: 0, replicas }, [own("identity", "i32")]);
  const told = led(own("told", "i32", WORDS), "i32");
  const agreed: Step<Node> = {
    updates,
    results: {
      told,
      identity: across(identity),
      step: step.value,
    },
  };
  return graphOf(inBuckets(agreed));
};
