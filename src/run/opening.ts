/** What stands before the first step: what can be found out soon, the session, the record of a new run; and whoever follows. */

import { existsSync, statSync } from "node:fs";
import { setImmediate, setTimeout } from "node:timers/promises";
import { tooFewSamples } from "../data/errors.js";
import { openSplit } from "../data/layout.js";
import { Failed, orThrow } from "../diagnostic/failure.js";
import type { Ops } from "../graph/op.js";
import { trainingKernels } from "../plan/step.js";
import { type Joined, join, openReplicas } from "../runtime/engine.js";
import { GangBroken } from "../runtime/errors.js";
import { describe, loadTensorFlow } from "../runtime/library.js";
import { openSession, type TrainingSession } from "../runtime/session.js";
import { devicesHere, devicesOfGang } from "../tensorflow/replica.js";
import { type Kernels, sessionModelFor } from "../tensorflow/target.js";
import { networkVariables } from "../weights/fit.js";
import { wholeFit } from "../weights/load.js";
import { withWeights } from "../weights/open.js";
import { checkedSplit } from "./check-data.js";
import { checkpointsOf, Diverged } from "./checkpoint.js";
import { lingering, listening, unevenDevices } from "./errors.js";
import type { Event } from "./event.js";
import { specPlace } from "./find.js";
import { allDone, begin, type Gang, nothingYet, unlessStopped } from "./gang.js";
import { kernelsHere } from "./kernels.js";
import { followersLedger } from "./ledger.js";
import { type Run, type Training, version } from "./record.js";
import { stepping } from "./stepping.js";
import type { TrainRequest } from "./train.js";
import { planValidation, type Validation } from "./validation.js";

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

/** Before all else, so that the others find this process, and hear of its end whatever ends it. @throws Failed where the port is taken. */
export async function* joining(
  request: TrainRequest,
  gang: Gang,
): AsyncGenerator<Event, Joining & { readonly joined: Joined }> {
  const joined = await join(gang, request.device, gang.devices);
  yield { kind: "note", message: listening(hostOf(gang), gang.hosts.length) };
  return { ...request, joined };
}

/** Seconds that a process which fails waits for others that have not begun. */
const LINGERS = 60;

/** Whoever comes later than a process that has failed would wait for it: it stays until all others have found it. */
export async function* heard(
  { joined, signal }: Joining & { readonly joined: Joined },
  error: unknown,
): AsyncGenerator<Event, void> {
  if (error instanceof GangBroken || signal?.aborted) return;
  let isMet = false;
  joined.met.then(() => {
    isMet = true;
  });
  await setImmediate();
  if (isMet) return;
  const reason = error instanceof Failed ? error.failure.message : String(error);
  yield { kind: "note", message: lingering(reason, LINGERS) };
  const over = new AbortController();
  const late = setTimeout(1000 * LINGERS, undefined, { signal: over.signal });
  await Promise.race([joined.met, late, joined.lost]).catch(() => undefined);
  over.abort();
  await late.catch(() => undefined);
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

const hostOf = ({ hosts, rank }: Gang): string => hosts[rank] ?? "";

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

/** The session of a process in a gang, and what is scored in it. */
async function* meeting(
  request: Joining,
): AsyncGenerator<Event, Opened & { readonly validation: Validation | null }> {
  const { program, device, signal } = request;
  const { data } = program.experiment;
  const scored = data.val === null ? null : yield* checkedSplit(data, "val", signal);
  const validation = await planValidation(program, scored?.intact ?? []);
  const kernels = alike(trainingKernels(program.experiment, kernelsHere(device)));
  return { validation, ...(await sessionFor(request, validation, kernels)) };
}

/** A process of a gang that is not its first: it is told the state, steps with the others, and writes its log. */
export async function* following(request: Joining, gang: Gang): AsyncGenerator<Event, void> {
  const { program, folder, signal } = request;
  const { recover } = program.experiment.train;
  await demandPossible(request);
  const { samples } = yield* checkedSplit(program.experiment.data, "train", signal);
  const { session, variables, validation } = yield* meeting(request);
  const held = { demand: () => undefined, demandNow: () => undefined };
  const run = await newRun(request, null);
  for (;;) {
    await session.write(nothingYet(variables));
    const begun = await begin(session, gang, request, nothingKnown);
    const { step: first, recoveries } = begun;
    const ledger = await followersLedger(folder, gang.rank, begun);
    const training = { session, samples, validation, ledger, first, held };
    try {
      return yield* stepping({ ...request, ...training, run: { ...run, recoveries } });
    } catch (error) {
      if (!(error instanceof Diverged)) throw error;
      // The first of the gang counts as this one does, and goes back or ends.
      if (recover === null || recoveries.length >= recover.attempts)
        throw new Failed(error.failure(null));
    } finally {
      ledger.close();
    }
  }
}

const nothingKnown = { scored: false, recoveries: [] };

/** The first of a gang whose training is finished tells it to those who follow. */
export async function* dismissing(request: Joining, gang: Gang): AsyncGenerator<Event, void> {
  const { program } = request;
  const { session, variables } = yield* meeting(request);
  const { iterations } = program.experiment.train;
  const nothing = nothingYet(variables);
  const steps = variables
    .filter(({ role }) => role === "step")
    .map(({ name }) => [name, { shape: [], data: Int32Array.of(iterations) }] as const);
  await session.write(new Map([...nothing, ...steps]));
  await begin(session, gang, request, { scored: true, recoveries: [] });
  await allDone(session, gang, program);
}
