/** Finds the trained network that a verb names: by its run folder, or by the spec that was trained. */

import { existsSync, statSync } from "node:fs";
import type { Split } from "../data/layout.js";
import { Failed } from "../diagnostic/failure.js";
import type { Program } from "../plan/program.js";
import { percent } from "../report/format.js";
import { readSafetensors } from "../run/checkpoint.js";
import { noBest } from "../run/errors.js";
import { findRun } from "../run/find.js";
import { bestFile, runFile } from "../run/folder.js";
import type { Trained as Source } from "../run/inference.js";
import { lower } from "../tensorflow/target.js";
import type { WhichWeights } from "./arguments.js";
import { untrained } from "./errors.js";
import { open, type SpecRequest } from "./read.js";
import { changedRun } from "./recorded.js";
import { type Terminal, tell } from "./terminal.js";
import { runIsTrained, scoresWhatIsLearnt, weightsAlone, weightsTwice } from "./verb/errors.js";

export interface Trained {
  readonly program: Program;
  readonly folder: string;
}

/**
 * `eval runs/camvid` takes the network as the run trained it, from its record alone; `eval specs/camvid.yaml evaluate.mirror=true` as the
 * spec has it now, with the weights of the run that trained this plan, whatever its name, or that lies where `train`
 * puts it (or of `--run`).
 */
export const trained = async (
  terminal: Terminal,
  request: SpecRequest,
  run: string | undefined,
  json = false,
): Promise<Trained> => {
  const { entry } = request.target;
  if (namesRun(request)) {
    const refused = request.overrides.filter((override) => !onlyScores(override));
    if (refused.length > 0) throw runIsTrained(entry, refused);
    const experiment = await changedRun(terminal, { folder: entry, ...request, json });
    return { program: lower(experiment), folder: entry };
  }
  if (/\.(safetensors|pth?|npz|h5)$/.test(entry)) throw weightsAlone(entry);
  const { resolved } = await open(terminal, request, json);
  const program = lower(resolved.experiment);
  const folder = run ?? (await findRun({ spec: entry, variant: resolved.variant }, program));
  if (!existsSync(runFile(folder))) throw new Failed(untrained(request.target, folder));
  return { program, folder };
};

/** What evaluation reads alone: a run's weights stay what they are, and so do its classes. */
const scored = [
  "evaluate",
  ...["layout", "root", "val", "test", "labels", "palette"].map((key) => `data.${key}`),
];

const onlyScores = (override: string): boolean => {
  const path = override.slice(0, override.indexOf("="));
  return scored.some((each) => path === each || path.startsWith(`${each}.`));
};

const namesRun = ({ target: { entry, variant } }: SpecRequest): boolean =>
  variant === undefined && existsSync(entry) && statSync(entry).isDirectory();

/**
 * The same; or, with `--weights FILE`, the spec's network with the weights of a file; or, with `--best`, with those
 * that scored best on the run's way.
 * @throws Misused where two of them are named; Failed where no best weights were kept.
 */
export const network = async (
  terminal: Terminal,
  request: SpecRequest,
  { run, best, weights }: WhichWeights,
  json = false,
): Promise<{ readonly program: Program; readonly from: Source }> => {
  if (weights === undefined) {
    const { program, folder } = await trained(terminal, request, run, json);
    return { program, from: best ? await bestOf(terminal, folder) : { folder } };
  }
  if (run !== undefined || best || namesRun(request)) throw weightsTwice();
  const { resolved } = await open(terminal, request, json);
  return { program: lower(resolved.experiment), from: { weights } };
};

const bestOf = async (terminal: Terminal, folder: string): Promise<Source> => {
  const weights = bestFile(folder);
  if (!existsSync(weights)) throw new Failed(noBest(folder));
  const { step, metric, score } = (await readSafetensors(weights)).metadata;
  tell(
    terminal,
    `the best weights of ${folder}: of step ${step}, ${metric} ${percent(Number(score))}`,
  );
  return { weights };
};

/** What is scored unless a split is named; where there is nothing else, the training split, with a note. */
export const defaultSplit = (terminal: Terminal, { experiment: { data } }: Program): Split => {
  if (data.val !== null) return "val";
  if (data.test !== null) return "test";
  tell(terminal, scoresWhatIsLearnt);
  return "train";
};
