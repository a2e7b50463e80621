/** How a training step comes to be: an experiment enters; its graph as written and after each rewrite leaves. */

import type { Graph } from "../graph/graph.js";
import type { Run } from "../model/segment.js";
import type { Experiment } from "../normalize/experiment.js";
import { type Kernels, withKernels } from "../rewrite/kernels.js";
import { type Passes, standard } from "../rewrite/passes.js";
import { recomputed } from "./recompute.js";
import { trainingKernels, trainingPasses, trainingStep, trainingStepBy } from "./step.js";

export interface Stage {
  /** `as written`, or the rewrite's. */
  readonly name: string;
  /** Why the rewrite may be made. */
  readonly law: string | null;
  readonly graph: Graph;
}

/** The last is what runs. */
export const stages = (experiment: Experiment, kernels: Kernels): readonly Stage[] => {
  const { inference, forward, precision, whole } = trainingPasses(experiment);
  const all = [...forward, ...precision, ...whole];
  const through = (n: number): Passes => {
    const some = new Set(all.slice(0, n));
    const [first, then, last] = [forward, precision, whole].map((these) =>
      these.filter((rewrite) => some.has(rewrite)),
    );
    return { inference, forward: first, precision: then, whole: last };
  };
  const rewrites = all.map(({ name, law }, i) => ({ name, law, n: i + 1 }));
  const steps = [{ name: "as written", law: null, n: 0 }, ...rewrites].map(({ name, law, n }) => ({
    name,
    law,
    graph: trainingStepBy(experiment, through(n)),
  }));
  const again = recomputed(experiment);
  const step = trainingStep(experiment, standard, again);
  const graph = withKernels(step, trainingKernels(experiment, kernels));
  return [
    ...steps,
    ...(again.length === 0 ? [] : [madeAgain(experiment, again)]),
    { name: "choose-kernels", law: exactForms, graph },
  ];
};

const exactForms =
  "a convolution and its gradients have several exact forms: the one that costs least on this machine is taken";

const madeAgain = (experiment: Experiment, again: readonly Run[]): Stage => ({
  name: "make-again",
  law: "equal operations on equal values make equal values, whenever they run",
  graph: trainingStep(experiment, standard, again),
});
