/** `train`: a spec or an unfinished run enters; a run folder leaves. */

import { command, number, option, optional, positional } from "cmd-ts";
import { lower, type Program } from "../../plan/program.js";
import { readRun, runFolder } from "../../run/folder.js";
import { train } from "../../run/train.js";
import { deviceOption, specArguments, targetType, textOption } from "../arguments.js";
import { nothingToTrain } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { open, type SpecRequest } from "../read.js";
import { print, type Terminal, tell } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "train",
    description: "Trains a spec. Ctrl-C saves and stops; --resume goes on to the same bits.",
    args: {
      target: positional({ type: optional(targetType) }),
      overrides: specArguments.overrides,
      run: textOption("run", "FOLDER", "where the run goes; runs/SPEC-VARIANT otherwise"),
      resume: textOption("resume", "RUN", "goes on with the run in this folder"),
      device: deviceOption,
      workers: option({
        long: "workers",
        type: optional(number),
        description: "threads that read data; the numbers do not depend on it",
      }),
    },
    handler: async ({ target, overrides, run: folder, resume, device, workers }) => {
      const job = await jobFor(terminal, { target, overrides, folder, resume });
      const { program } = job;
      const { interrupted } = await follow(
        terminal,
        (signal) =>
          train({
            ...job,
            device,
            signal,
            resume: resume !== undefined,
            ...(workers === undefined ? {} : { workers }),
          }),
        () => program.experiment.train.batch,
      );
      if (interrupted) {
        tell(terminal, `go on with: pspc train --resume ${job.folder}`);
        return exit.interrupted;
      }
      print(terminal, job.folder);
      return exit.ok;
    },
  }),
);

interface Asked extends Pick<SpecRequest, "overrides"> {
  readonly target: SpecRequest["target"] | undefined;
  readonly folder: string | undefined;
  readonly resume: string | undefined;
}

interface Job {
  readonly program: Program;
  readonly folder: string;
  readonly spec: string;
  readonly variant: string | null;
}

/** What is to be trained: the spec where one is named, else what the run to resume was trained from. */
const jobFor = async (
  terminal: Terminal,
  { target, overrides, folder, resume }: Asked,
): Promise<Job> => {
  if (target !== undefined) {
    const { resolved } = await open(terminal, { target, overrides });
    const { variant } = resolved;
    const own = resume ?? folder ?? runFolder(target.entry, variant);
    return { program: lower(resolved.experiment), folder: own, spec: target.entry, variant };
  }
  if (resume === undefined) throw nothingToTrain();
  const { experiment, spec, variant } = await readRun(resume);
  return { program: lower(experiment), folder: resume, spec, variant };
};
