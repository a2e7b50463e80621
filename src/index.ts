/** pspc as a library: specs in TypeScript, the compiler, and runs as programs in time. */

// A spec, and what is wrong with it.

export type {
  Diagnostic,
  Edit,
  Fix,
  Path,
  Place,
  Severity,
  Span,
} from "./diagnostic/diagnostic.js";
export { Failed, type Failure } from "./diagnostic/failure.js";
export { type CheckJson, toJson } from "./diagnostic/json.js";
export { type RenderOptions, render } from "./diagnostic/render.js";
export { type ChildSpec, defineSpec, type WholeSpec } from "./language/define.js";
export type { Spec } from "./language/spec.js";
export type { Experiment } from "./normalize/experiment.js";
export type { Resolved } from "./normalize/normalize.js";
export type { Request } from "./normalize/versions.js";

// From text to the graph of its training step, and to TensorFlow.

export {
  type Check,
  check,
  checkStill,
  compile,
  type StillWorld,
  type World,
} from "./compile.js";
export type { Graph } from "./graph/graph.js";
export { printGraph } from "./graph/graph.js";
export { thisMachine } from "./host.js";
export type { Size } from "./language/geometry.js";
export type { Abilities } from "./plan/graphs.js";
export { type Fingerprint, type Program, withSeed } from "./plan/program.js";
export { openSession, type Session } from "./runtime/session.js";
export { type Compiled, lower, modelFor } from "./tensorflow/target.js";

// Runs: generators of events.

export { type CompareRequest, compare, type Row, type Variant } from "./run/compare.js";
export { type EvaluateRequest, evaluate } from "./run/evaluate.js";
export type { Evaluation } from "./run/evaluation.js";
export type { Event } from "./run/event.js";
export { type PredictRequest, predict } from "./run/predict.js";

export { type TrainRequest, train } from "./run/train.js";
