/** What stands before the first step: what can be found out soon, the session, the record of a new run. */

import { existsSync, statSync } from "node:fs";
import { tooFewSamples } from "../data/errors.js";
import { openSplit } from "../data/layout.js";
import { Failed, orThrow } from "../diagnostic/failure.js";
import type { Ops } from "../graph/op.js";
import { type Joined, openReplicas } from "../runtime/engine.js";
import { describe, loadTensorFlow } from "../runtime/library.js";
import { openSession, type TrainingSession } from "../runtime/session.js";
import { devicesHere, devicesOfGang } from "../tensorflow/replica.js";
import { type Kernels, sessionModelFor } from "../tensorflow/target.js";
import { networkVariables } from "../weights/fit.js";
import { wholeFit } from "../weights/load.js";
import { withWeights } from "../weights/open.js";
import { checkpointsOf } from "./checkpoint.js";
import { specPlace } from "./find.js";
import { unlessStopped } from "./gang.js";
import { type Run, type Training, version } from "./record.js";
import { unevenDevices } from "./sharing-errors.js";
import type { TrainRequest } from "./train.js";
import type { Validation } from "./validation.js";

/** What can be found out soon, before every picture is read: lists, initial weights, the device. @throws Failed */
export const demandPossible = async (request: TrainRequest): Promise<void> => {
  const { program, folder, device, devices = 1, gang = null } = request;
  const { data, train, model } = program.experiment;
  const shares = devices * (gang?.hosts.length ?? 1) * train.accumulate;
  if (train.batch % shares !== 0) throw new Failed(unevenDevices(train.batch, shares));
  const { length } = await openSplit(data, "train");
  if (length < train.batch) throw new Failed(tooFewSamples(length, train.batch));
  if (data.val !== null) await openSplit(data, "val");
  const { weights } = model;
  if (weights !== null && checkpointsOf(folder).length === 0) {
    const variables = networkVariables(program.experiment, "train");
    await orThrow(
      withWeights(weights.file, (opened) => wholeFit(opened, variables, model, weights)),
    );
  }
  await loadTensorFlow(device);
};

/** A training of which this process knows whether it joins others. */
export interface Joining extends TrainRequest {
  readonly joined: Joined | null;
}

/** What all processes of a training must have before the first step. */
export interface Opened {
  readonly session: TrainingSession;
  readonly variables: readonly Ops["variable"][];
}

/** Of one device, of several, or of this process's in a gang, whose others are waited for. @throws Failed; the signal's reason */
export const sessionFor = async (
  { program, device, devices: count = 1, gang = null, joined, signal }: Joining,
  validation: Validation | null,
  kernels: Kernels,
): Promise<Opened> => {
  const abilities = { train: true, ...validation?.abilities };
  const kind = describe(await loadTensorFlow(device)).device;
  const size = gang?.hosts.length ?? 1;
  const devices =
    gang === null
      ? devicesHere(kind, count)
      : devicesOfGang(kind, count, { rank: gang.rank, size });
  const { model, variables } = sessionModelFor(program, abilities, kernels, devices);
  if (gang === null && count === 1) return { session: await openSession(model, device), variables };
  const session = await unlessStopped(openReplicas(model, device, devices, joined), signal);
  return { session, variables };
};

/** What was measured on one machine of a gang is not asked: all compute the same graph. */
export const alike = (kernels: Kernels): Kernels => ({ ...kernels, known: {} });

const isFile = (spec: string | undefined): spec is string =>
  spec !== undefined && existsSync(spec) && statSync(spec).isFile();

export const newRun = async (request: TrainRequest, training: Training | null): Promise<Run> => {
  const { experiment, fingerprint } = request.program;
  const tensorflow = describe(await loadTensorFlow(request.device));
  return {
    spec: request.spec ?? "",
    ...(isFile(request.spec) ? { spec_place: specPlace(request.folder, request.spec) } : {}),
    variant: request.variant ?? null,
    overrides: request.overrides ?? [],
    state: "running",
    step: 0,
    steps: experiment.train.iterations,
    seconds: 0,
    device: tensorflow.device,
    versions: { pspc: version, node: process.version, tensorflow: tensorflow.version },
    created: new Date().toISOString(),
    fingerprint,
    training,
    experiment,
    recoveries: [],
    amendments: [],
    peak_memory: null,
    kernels: {},
    formerly: [],
  };
};
