/** pspc as a library (docs/library.md, which also says what is stable): specs, their programs, runs, and predictions in memory. */

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

// The program of a spec, or of a run.

export {
  type DecodeOptions,
  decodeImage,
  encodeClasses,
  programOf,
  programOfRun,
  SpecError,
  type SpecOptions,
} from "./library.js";
export { type Fingerprint, type Program, withSeed } from "./plan/program.js";

// Pictures in memory.

export type { Picture } from "./data/picture.js";
export type { Size } from "./language/geometry.js";
export type { Area } from "./run/prediction.js";
export {
  openPredictor,
  type Predictor,
  type PredictorRequest,
  type PredictorSource,
  type Segmentation,
} from "./run/predictor.js";

// Runs: generators of events, and what their folders hold.

export { type CompareRequest, compare, type Variant } from "./run/compare.js";
export { type EvaluateRequest, evaluate } from "./run/evaluate.js";
export type { Evaluation } from "./run/evaluation.js";
export type { Event } from "./run/event.js";
export { type Metric, type Metrics, readMetrics } from "./run/journal.js";
export { type PredictRequest, predict } from "./run/predict.js";
export { type Run, readRun } from "./run/record.js";
export type { Row } from "./run/row.js";
export { type TrackRequest, tracked } from "./run/track.js";
export { type TrainRequest, train } from "./run/train.js";
export type { Want } from "./runtime/machine.js";

// The compiler, of a world; its graphs and TensorFlow's session, which may change in any minor version.

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
export type { Abilities } from "./plan/graphs.js";
export { openSession, type Session } from "./runtime/session.js";
export { type Compiled, lower, modelFor } from "./tensorflow/target.js";
