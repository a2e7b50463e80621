/** What a training leaves on the disk as it goes: steps and events enter; metrics, log and checkpoints leave. */

import type { Ops } from "../graph/op.js";
import type { Session } from "../runtime/session.js";
import { saveCheckpoint, saveWeights } from "./checkpoint.js";
import type { Event } from "./event.js";
import { logFile, metricsFile, type Run, writeRun } from "./folder.js";
import { openJournal, rewind } from "./journal.js";

type Step = Extract<Event, { readonly kind: "step" }>;

export interface Ledger {
  /** The last file that holds a good state, if this session wrote one. */
  readonly saved: () => string | null;
  readonly step: (step: Step) => Step;
  /** Notes in the log when an event happened. */
  readonly tell: <E extends Event>(event: E) => E;
  /** Everything up to step `done` is on the disk afterwards. */
  readonly save: (done: number) => Promise<Event>;
  /** Leaves the weights, and marks the run as finished. */
  readonly finish: (done: number) => Promise<readonly Event[]>;
  readonly close: () => void;
}

interface Kept {
  readonly folder: string;
  readonly run: Run;
  readonly session: Session;
  readonly variables: readonly Ops["variable"][];
}

/** Opens the books of a run at step `first`: what was written of later steps, which no checkpoint holds, goes. @throws Failed where the disk refuses. */
export const openLedger = async (
  { folder, run, session, variables }: Kept,
  first: number,
): Promise<Ledger> => {
  await writeRun(folder, run);
  await rewind(metricsFile(folder), first);
  // What happened has happened, also to steps that are done again.
  await rewind(logFile(folder), Number.POSITIVE_INFINITY);
  const metrics = openJournal(metricsFile(folder));
  const log = openJournal(logFile(folder));
  const { fingerprint } = run;
  let seconds = run.seconds;
  let saved: string | null = null;

  const tell: Ledger["tell"] = (event) => {
    log.append({ at: new Date().toISOString(), ...event });
    return event;
  };
  const save: Ledger["save"] = async (done) => {
    // First the lines, then the state: whoever resumes from it finds every line up to its step.
    metrics.sync();
    saved = await saveCheckpoint(folder, session.read(), fingerprint, done);
    await writeRun(folder, { ...run, step: done, seconds });
    const event = tell({ kind: "saved", file: saved, step: done } as const);
    log.sync();
    return event;
  };
  return {
    saved: () => saved,
    step: (step) => {
      const { kind: _, steps: __, auxiliary, seconds: spent, ...line } = step;
      seconds += spent;
      metrics.append({ ...line, ...(auxiliary === null ? {} : { auxiliary }) });
      log.append({ step: step.step, seconds: Number(spent.toFixed(4)) });
      return step;
    },
    tell,
    save,
    finish: async (done) => {
      const checkpoint = await save(done);
      const file = await saveWeights(folder, session.read(), variables, fingerprint, done);
      await writeRun(folder, { ...run, state: "finished", step: done, seconds });
      return [
        checkpoint,
        tell({ kind: "saved", file, step: done }),
        tell({ kind: "finished", run: folder, seconds }),
      ];
    },
    close: () => {
      metrics.close();
      log.close();
    },
  };
};
