/** A trained network's own numbers: what a session makes of its weights alone, and of pictures. */

import { valueOrThrow } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import { type Graph, stepOf } from "../graph/graph.js";
import { graphOf } from "../graph/infer.js";
import type { Size } from "../language/geometry.js";
import { stateOf } from "../plan/graphs.js";
import { type Border, exportStep, scoresOf } from "../plan/inference.js";
import { ofAnySize } from "../rewrite/any-size.js";
import { freeze } from "../rewrite/freeze.js";
import { standard } from "../rewrite/passes.js";
import { rewriteStep } from "../rewrite/rewrite.js";
import type { Call } from "../runtime/exported.js";
import { openSession } from "../runtime/session.js";
import type { Format, FrozenNetwork } from "../target/format.js";
import { savedModel } from "../tensorflow/target.js";
import { averaged, select } from "../weights/load.js";
import type { Network } from "./inference.js";

/** What a network takes, where some of it may be open. */
export interface Opening extends Omit<Border, "batch" | "pictures"> {
  /** Whether pictures may have any size: they are scaled to its own. */
  readonly anySize: boolean;
  /** The rewrites; those of all exports otherwise. */
  readonly passes?: Format["passes"];
  /** Of the graph that those leave: forms that layers take, and what else is faster in the format's runtimes. */
  readonly late?: Format["late"];
}

export interface Opened extends Pick<FrozenNetwork, "graph" | "numbers"> {
  /** Pictures a call: any number of them, or one, where places in the graph depend on it. */
  readonly batch: "any" | 1;
}

/** Sizes so many pixels above its own are any. */
const [ONE, OTHER] = [7, 12];

const larger = ({ height, width }: Size, by: number): Size => ({
  height: height + by,
  width: width + 2 * by,
});

/** The session computes what weights alone decide. */
export const frozenNetwork = async (
  { program: { experiment }, tensors, file, device }: Network,
  opening: Opening,
): Promise<Opened> => {
  const { anySize, late = [], passes } = opening;
  const finished = (graph: Graph): Graph => graphOf(rewriteStep(late, stepOf(graph)));
  const at = (batch: number, by: number) => {
    const pictures = anySize ? larger(opening, by) : undefined;
    return freeze(finished(exportStep(experiment, { ...opening, batch, pictures }, passes)));
  };
  const many = at(2, ONE);
  const anyBatch = ofAnySize(many.rest, at(3, OTHER).rest);
  const { constants, rest } = anyBatch === null ? at(1, ONE) : many;
  const single = anySize ? ofAnySize(rest, at(1, OTHER).rest) : rest;
  const graph = anyBatch ?? single;
  invariant(graph !== null, "scaling pictures asks for no number but sizes");
  const session = await openSession(savedModel({ constants }), device);
  try {
    session.write(valueOrThrow(select(averaged(tensors), stateOf([constants]), file)));
    const numbers = new Map(Object.entries(session.run("constants", {})));
    return { graph, numbers, batch: anyBatch === null ? 1 : "any" };
  } finally {
    session.dispose();
  }
};

/** pspc's own scores of each call, f32 `[count, H, W, C]`: logits, or averaged probabilities. */
export const ownScores = async (
  { program: { experiment }, tensors, file, device }: Network,
  { height, width, look }: Pick<Opening, "height" | "width" | "look">,
  calls: readonly Call[],
): Promise<readonly Float32Array[]> => {
  const scores = scoresOf(experiment, look);
  const border = { height, width, image: "u8", give: [scores], look } as const;
  const graphs = Object.fromEntries(
    calls.map(({ count, ...pictures }) => {
      const asked = { ...border, batch: count, pictures };
      return [nameOf({ count, ...pictures }), exportStep(experiment, asked, standard)];
    }),
  );
  const session = await openSession(savedModel(graphs), device);
  try {
    session.write(valueOrThrow(select(averaged(tensors), stateOf(Object.values(graphs)), file)));
    return calls.map((call) => {
      const found = session.run(nameOf(call), { images: call.pixels })[scores]?.data;
      invariant(found instanceof Float32Array, "scores are floats");
      return found;
    });
  } finally {
    session.dispose();
  }
};

const nameOf = ({ count, height, width }: Call): string => `ask_${count}x${height}x${width}`;
