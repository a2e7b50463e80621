/**
 * Trains a program in a run folder: claims the folder, checks the data, opens the session, and runs the steps.
 *
 * All state lives in the session's variables, and everything else is a function of (seed, step): whatever stops a run,
 * its last checkpoint continues to the same bits.
 */

import * as E from "fp-ts/lib/Either.js";
import { digestPairs } from "../data/digest.js";
import type { Sample } from "../data/sample.js";
import { Failed, orThrow } from "../diagnostic/failure.js";
import type { Ops } from "../graph/op.js";
import type { Train } from "../normalize/experiment.js";
import type { Program } from "../plan/program.js";
import { rate } from "../plan/schedule.js";
import { trainingKernels } from "../plan/step.js";
import type { Want } from "../runtime/machine.js";
import { collectGarbage } from "../runtime/memory.js";
import type { State, TrainingSession } from "../runtime/session.js";
import { chosen } from "../tensorflow/target.js";
import { initialState } from "../weights/initial.js";
import { load } from "../weights/load.js";
import { withWeights } from "../weights/open.js";
import { checkedSplit } from "./check-data.js";
import { type Checkpoint, Diverged, loadCheckpoint, retreat } from "./checkpoint.js";
import { agree, type Claim, claim, type Known } from "./claim.js";
import type { Event } from "./event.js";
import { dismissing, following, heard, joining } from "./following.js";
import { begin, type Gang } from "./gang.js";
import { asBegun, kernelsHere } from "./kernels.js";
import { lastGood, openLedger } from "./ledger.js";
import { type Lock, lock } from "./lock.js";
import { alike, demandPossible, type Joining, newRun, sessionFor } from "./opening.js";
import { type Recovery, type Run, type Training, writeRun } from "./record.js";
import { otherDevices } from "./sharing-errors.js";
import { stepping } from "./stepping.js";
import { type Files, trainingOf, weightsDigest } from "./training.js";
import { planValidation, type Validation } from "./validation.js";

export interface TrainRequest extends Claim {
  /** How the user called the spec, for the record. */
  readonly spec?: string;
  readonly variant?: string | null;
  readonly device: Want;
  /** Among how many devices of this machine each batch is divided. It changes the last bits of numbers, and no meaning. */
  readonly devices?: number;
  /** The place of this process among those that train together; the first alone writes. */
  readonly gang?: Gang | null;
  /** Threads that read data; they change no number. */
  readonly workers?: number;
  /** Seconds to wait for another process that trains in the folder; none unless said. */
  readonly wait?: number;
  /** Once aborted, the step under way is finished and saved, and the run stops. */
  readonly signal?: AbortSignal;
  /** How often the state is saved where the spec goes by the clock. It changes no number. */
  readonly checkpointSeconds?: number;
  /** What the spec's files hold, where that is known: a finished run is held to it, too. */
  readonly files?: Files;
}

/** @throws Failed: the folder is taken, the data are wrong, no device, the disk is full, the loss is not finite. */
export async function* train(request: TrainRequest): AsyncGenerator<Event, void> {
  const { gang = null } = request;
  if (gang === null) return yield* leading({ ...request, joined: null });
  const joined = yield* joining(request, gang);
  try {
    yield* gang.rank > 0 ? following(joined, gang) : leading(joined);
  } catch (error) {
    yield* heard(joined, error);
    throw error;
  }
}

/** Of one process, and of the first of several. */
async function* leading(request: Joining): AsyncGenerator<Event, void> {
  const { folder, files, program, gang = null } = request;
  const held = yield* lock(folder, request.signal, request.wait);
  try {
    const known = await claim(request);
    if (known?.run.state === "finished" && files !== undefined)
      agree(known, files, trainingOf(program, files), request);
    if (known?.run.state !== "finished") return yield* running(request, known, held);
    yield { kind: "note", message: `${folder} is trained already` };
    if (gang !== null) yield* dismissing(request, gang);
  } finally {
    held.release();
  }
}

/** From nothing, or from the last checkpoint of a known run; and again from there where it diverges and may. */
async function* running(
  request: Joining,
  claimed: Known | null,
  held: Lock,
): AsyncGenerator<Event, void> {
  const { program, folder, device } = request;
  const { data, train } = program.experiment;
  const { devices: count = 1, gang = null } = request;
  await demandPossible(request);
  const { samples, store } = yield* checkedSplit(data, "train", request.signal);
  const pairs = await digestPairs(samples, data.root, store);
  const { known, training } = yield* agreed(request, claimed, pairs);
  const scored = data.val === null ? null : yield* checkedSplit(data, "val", request.signal);
  const validation = await planValidation(program, scored?.intact ?? []);
  const here = trainingKernels(program.experiment, kernelsHere(device));
  const kernels = gang === null ? asBegun(known?.run ?? null, here) : alike(here);
  const { session, variables } = await sessionFor(request, validation, kernels);
  try {
    const begun = known?.run ?? (await newRun(request, training));
    const all = count * (gang?.hosts.length ?? 1);
    const changes = [...(known?.changes ?? []), ...otherCount(begun, all)];
    let run: Run = onDevices({ ...begun, kernels: chosen(program.training, kernels) }, all);
    if (known !== null) yield* resumed(request, { ...known, changes });
    for (;;) {
      const again = known !== null && run.recoveries.length === 0;
      const first = yield* written(request, session, variables, again);
      collectGarbage();
      run = amended(run, first, changes);
      try {
        return yield* attempt({
          ...request,
          run,
          session,
          variables,
          samples,
          validation,
          pairs,
          first,
          held,
        });
      } catch (error) {
        if (!(error instanceof Diverged)) throw error;
        held.demandNow();
        const to = await retreat(folder, train.checkpoints);
        const recovery = recoveryFrom(error, to, run.recoveries, train.recover);
        if (recovery === null) throw new Failed(error.failure(lastGood(folder)));
        run = { ...run, recoveries: [...run.recoveries, recovery] };
        await writeRun(folder, run);
        yield { kind: "recovered", ...recovery };
      }
    }
  } finally {
    session.dispose();
  }
}

/** The training that begins, or goes on on the files that it began with, or on others that were allowed. */
async function* agreed(
  request: TrainRequest,
  known: Known | null,
  pairs: Files["pairs"],
): AsyncGenerator<Event, { readonly known: Known | null; readonly training: Training | null }> {
  const { program } = request;
  const digest = yield* weightsDigest(program.experiment);
  const begun = known?.run.training ?? null;
  // A run that is under way needs its first weights no more.
  if (E.isLeft(digest) && known === null) throw new Failed(digest.left);
  const weights = E.getOrElse(() => begun?.weights ?? null)(digest);
  const files = { pairs, weights };
  const training = E.isLeft(digest) && begun === null ? null : trainingOf(program, files);
  return { known: known && agree(known, files, training, request), training };
}

/** What a resumed run is told of: another plan, and the rate that follows from it. */
function* resumed({ program }: TrainRequest, { run, changes }: Known): Generator<Event> {
  if (changes.length > 0)
    yield { kind: "note", message: `the plan changes from here on: ${changes.join("; ")}` };
  const { schedule, iterations } = program.experiment.train;
  if (changes.some((change) => /^train\.(iterations|schedule)/.test(change)))
    yield {
      kind: "note",
      message: `the rate goes on as in a run that always had this plan: ${rate(schedule, iterations, run.step).toPrecision(3)} at step ${run.step}`,
    };
}

/** Writes the last checkpoint's state, or the first; the step that it stands at leaves, and nothing else is held. */
async function* written(
  { program, folder }: TrainRequest,
  session: TrainingSession,
  variables: readonly Ops["variable"][],
  again: boolean,
): AsyncGenerator<Event, number> {
  const from = await loadCheckpoint(folder, variables);
  yield* started(from, again);
  await session.write(from?.state ?? (await firstState(program, variables)));
  return from?.step ?? 0;
}

function* started(from: Checkpoint | null, again: boolean): Generator<Event> {
  if (from === null && again)
    yield { kind: "note", message: "no checkpoint was saved yet; training starts from step 0" };
  if (from !== null && from.damage !== null)
    yield {
      kind: "note",
      message: `${from.damage.message} (${from.damage.reason}); the checkpoint before, of step ${from.step}, is taken`,
    };
}

const onDevices = ({ devices: _, ...run }: Run, count: number): Run =>
  count === 1 ? run : { ...run, devices: count };

/** A run that goes on, on other devices. */
const otherCount = ({ devices = 1, step }: Run, count: number): readonly string[] =>
  step === 0 || devices === count ? [] : [otherDevices(devices, count)];

const amended = (run: Run, step: number, changes: readonly string[]): Run => {
  const told = run.amendments.at(-1)?.changes.join() === changes.join();
  return changes.length === 0 || told
    ? run
    : { ...run, amendments: [...run.amendments, { step, changes }] };
};

interface Attempt extends TrainRequest {
  readonly run: Run;
  readonly session: TrainingSession;
  readonly variables: readonly Ops["variable"][];
  readonly samples: readonly Sample[];
  readonly validation: Validation | null;
  readonly pairs: Files["pairs"];
  /** Steps that the session's state has behind it. */
  readonly first: number;
  readonly held: Lock;
}

async function* attempt(request: Attempt): AsyncGenerator<Event, void> {
  const ledger = await openLedger(request, request.first);
  try {
    const { gang = null, session, first, run } = request;
    const told = { scored: ledger.hasScores(first), recoveries: run.recoveries };
    if (gang !== null) await begin(session, gang, request, told);
    yield* stepping({ ...request, ledger });
  } finally {
    ledger.close();
  }
}

const firstState = async (
  { experiment: { model, train } }: Program,
  variables: readonly Ops["variable"][],
): Promise<State> => {
  const { weights } = model;
  if (weights === null) return initialState(variables, train.seed);
  const given = await orThrow(
    withWeights(weights.file, (opened) => load(opened, variables, model, weights)),
  );
  return initialState(variables, train.seed, given);
};

/** The next step back, or `null` where the spec allows none any more. */
const recoveryFrom = (
  { step, what }: Diverged,
  to: number,
  known: readonly Recovery[],
  allowed: Train["recover"],
): Recovery | null =>
  allowed === null || known.length >= allowed.attempts
    ? null
    : { step, to, what, factor: allowed.factor };
