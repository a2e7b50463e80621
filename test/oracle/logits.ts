/** A network, ours and PyTorch's, on one picture with the same weights: how far the logits are apart leaves. */

import { input, resize } from "../../src/graph/compose.js";
import { type Graph, number } from "../../src/graph/graph.js";
import { verify } from "../../src/graph/infer.js";
import { normalise } from "../../src/model/layer.js";
import { network } from "../../src/model/network.js";
import { stateOf } from "../../src/plan/graphs.js";
import { context } from "../../src/plan/objective.js";
import { trainingStep } from "../../src/plan/step.js";
import { standard } from "../../src/rewrite/passes.js";
import { rewriteStep } from "../../src/rewrite/rewrite.js";
import { openSession } from "../../src/runtime/session.js";
import { plainCpu, savedModel, withKernels } from "../../src/tensorflow/target.js";
import type { Forward } from "./cases.js";
import { ask, compare, type Difference } from "./oracle.js";
import { images, stateFor } from "./scene.js";

/** Images u8 `[1, H, W, 3]` → logits `[1, H, W, C]`, with the rewrites that inference gets. */
export const logitsGraph = ({
  experiment,
  size: [height, width],
}: Pick<Forward, "experiment" | "size">): Graph => {
  const { data, model } = experiment;
  const x = normalise(data.mean, data.std)(input("images", "u8", 1, height, width, 3));
  const { main } = network(context(experiment, "infer"), model, data.classes.length)(x);
  const logits = resize(main, height, width, model.align_corners);
  const graph = verify(number(rewriteStep(standard.forward, { results: { logits }, updates: [] })));
  return withKernels(graph, plainCpu);
};

export const logitsApart = async (forward: Forward): Promise<Difference> => {
  const { name, experiment, size } = forward;
  const graph = logitsGraph(forward);
  const trained = stateOf([trainingStep(experiment)]).filter(({ role }) => role !== "momentum");
  const weights = stateFor(trained);
  const bytes = images(1, ...size);
  const session = await openSession(savedModel({ logits: graph }), "cpu");
  const needed = stateOf([graph]).map(({ name: key }) => [key, weights.get(key)!] as const);
  session.write(new Map(needed));
  const { logits } = session.run("logits", { images: bytes });
  session.dispose();
  const tensors = new Map([...weights, ["images", { shape: [1, ...size, 3], data: bytes }]]);
  const answer = await ask(name, { task: "forward", experiment, tensors });
  return compare(logits!.data, answer.logits!);
};
