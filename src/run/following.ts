/** A process among those that train together: it joins them, follows the first, and leaves when all do. */

import { setImmediate, setTimeout } from "node:timers/promises";
import { Failed } from "../diagnostic/failure.js";
import { trainingKernels } from "../plan/step.js";
import { type Joined, join } from "../runtime/engine.js";
import { GangBroken } from "../runtime/errors.js";
import { checkedSplit } from "./check-data.js";
import { Diverged } from "./checkpoint.js";
import { lingering } from "./errors.js";
import type { Event } from "./event.js";
import { allDone, begin, type Gang, nothingYet } from "./gang.js";
import { kernelsHere } from "./kernels.js";
import { followersLedger } from "./ledger.js";
import { alike, demandPossible, type Joining, newRun, type Opened, sessionFor } from "./opening.js";
import { listening } from "./sharing-errors.js";
import { stepping } from "./stepping.js";
import type { TrainRequest } from "./train.js";
import { planValidation, type Validation } from "./validation.js";

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

const hostOf = ({ hosts, rank }: Gang): string => hosts[rank] ?? "";

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
