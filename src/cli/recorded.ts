/** Changes a run by `key=value`: its record holds the whole experiment, so that neither its spec nor a module is needed. */

import * as E from "fp-ts/lib/Either.js";
import * as T from "fp-ts/lib/Task.js";
import { check, checkStill, type World } from "../compile.js";
import { Failed } from "../diagnostic/failure.js";
import { thisMachine } from "../host.js";
import { experimentDifferences } from "../normalize/difference.js";
import type { Experiment } from "../normalize/experiment.js";
import { written } from "../normalize/written.js";
import { runFile } from "../run/folder.js";
import { readRun } from "../run/record.js";
import { Rejected } from "./exit.js";
import { type Terminal, tellDiagnostics } from "./terminal.js";
import { cannotChangeRun } from "./verb/errors.js";

interface Change {
  readonly folder: string;
  readonly overrides: readonly string[];
  readonly json?: boolean;
}

/**
 * What a run trained, with changes made to it. Everything that is not changed keeps the value that was recorded, also
 * where another version of pspc would decide it otherwise.
 * @throws Failed where there is no run, or one that the language cannot express; Rejected where the changes are wrong.
 */
export const changedRun = async (
  terminal: Terminal,
  { folder, overrides, json = false }: Change,
): Promise<Experiment> => {
  const { experiment } = await readRun(folder);
  if (overrides.length === 0) return experiment;
  const entry = runFile(folder);
  const world = worldOf(experiment);
  demandSame(folder, experiment, checkStill({ ...world, headers: () => new Map() })({ entry }));
  const found = await check(world)({ entry, overrides })();
  if (E.isLeft(found.result)) throw new Rejected(found, json);
  const warnings = found.diagnostics.filter(
    // What the run was begun with was told then.
    ({ severity, primary }) => severity === "warning" && primary.at?.file !== entry,
  );
  if (warnings.length > 0) tellDiagnostics(terminal, warnings, found.sources);
  return found.result.right.experiment;
};

/** The record is the only text. The weights that the run began with were read then, and may be gone. */
const worldOf = (experiment: Experiment): World => ({
  ...thisMachine(),
  read: () => E.right(JSON.stringify(written(experiment), null, 2)),
  headers: () => T.of(new Map()),
});

const demandSame = (
  folder: string,
  recorded: Experiment,
  { result }: ReturnType<ReturnType<typeof checkStill>>,
): void => {
  const reason = E.isLeft(result)
    ? result.left[0].message
    : experimentDifferences(recorded, result.right.experiment)[0]?.path;
  if (reason !== undefined) throw new Failed(cannotChangeRun(folder, reason));
};
