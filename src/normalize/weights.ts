/** Where the initial weights were written enters, in either of two places; one file and what is taken from it leave. */

import type { Spec } from "../language/spec.js";
import { absolute } from "./data.js";
import type { Weights } from "./experiment.js";
import type { Decisions } from "./origin.js";

type Written = NonNullable<Spec["model"]>;

const FILE = "model.weights.file";
const OF_BACKBONE = "model.backbone.weights";

export const decideWeights = (m: Written, decide: Decisions, cwd: string): Weights | null => {
  const file = (written: string, path: string): string => absolute(written, path, decide, cwd);
  const { weights } = m;
  if (typeof weights === "string") return { file: file(weights, "model.weights"), only: "all" };
  if (weights !== undefined)
    return {
      file: file(weights.file, FILE),
      only: decide.or("model.weights.only", weights.only, "all", "the whole network"),
    };
  const ofBackbone = m.backbone?.weights;
  if (ofBackbone !== undefined) return { file: file(ofBackbone, OF_BACKBONE), only: "backbone" };
  return decide.or("model.weights", undefined, null, "random");
};
