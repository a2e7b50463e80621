/** `train`: trains a spec, or goes on with a run that is not finished. */

import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { command, flag, number, option, optional, positional } from "cmd-ts";
import { valueOrThrow } from "../../diagnostic/failure.js";
import { ownFolder } from "../../run/find.js";
import { checkpointRequest } from "../../run/folder.js";
import type { Gang } from "../../run/gang.js";
import { demandPrivate, placeIn } from "../../run/place.js";
import { readRun } from "../../run/record.js";
import { tracked, trackedBefore } from "../../run/track.js";
import { type TrainRequest, train } from "../../run/train.js";
import { deviceCount } from "../../runtime/machine.js";
import { lower } from "../../tensorflow/target.js";
import {
  deviceOption,
  devicesOption,
  specArguments,
  targetType,
  textOption,
  trackOption,
} from "../arguments.js";
import { badSeconds, ofProcess } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { open, type SpecRequest } from "../read.js";
import { changedRun } from "../recorded.js";
import { needTensorFlow } from "../setup.js";
import { print, type Terminal, tell } from "../terminal.js";
import { verb } from "../verb.js";
import { continuesSpec, nothingToTrain, sameGoesOn } from "./errors.js";

export const run = verb((terminal) =>
  command({
    name: "train",
    description:
      "Trains a spec. Ctrl-C saves and stops; --resume goes on to the same bits. SIGUSR1 saves now.",
    args: {
      target: positional({ type: optional(targetType) }),
      runCode: specArguments.runCode,
      overrides: specArguments.overrides,
      run: textOption("run", "FOLDER", "where the run goes; runs/SPEC-VARIANT otherwise"),
      resume: textOption(
        "resume",
        "RUN",
        "goes on with the run in this folder; key=value then changes its plan from here on",
      ),
      allow: textOption(
        "allow",
        "KEY,…",
        "with --resume RUN: what may differ from here on: keys of the plan, and data.train for cleaned pairs",
      ),
      goesOn: flag({
        long: "continue",
        description:
          "begins, or goes on where this was begun, and does nothing where it is finished: one command to repeat",
      }),
      wait: option({
        long: "wait",
        type: { ...number, displayName: "SECONDS" },
        description: "how long to wait for another process that trains in the folder",
        defaultValue: () => 0,
        defaultValueIsSerializable: true,
      }),
      json: flag({ long: "json", description: "print what happens as JSON, one event a line" }),
      track: trackOption,
      device: deviceOption,
      devices: devicesOption,
      gang: flag({
        long: "gang",
        description:
          "one of several processes that train as one; its place comes from PSPC_HOSTS and PSPC_RANK, Slurm, MPI, torchrun or Kubernetes",
      }),
      publicNetwork: flag({
        long: "public-network",
        description: "with --gang: hosts may have public addresses; a firewall stands before them",
      }),
      deadline: option({
        long: "deadline",
        type: { ...number, displayName: "SECONDS" },
        description: "with --gang: how long a step may take, but for the first",
        defaultValue: () => 120,
        defaultValueIsSerializable: true,
      }),
      workers: option({
        long: "workers",
        type: optional(number),
        description: "threads that read data; the numbers do not depend on it",
      }),
    },
    handler: async ({ device, devices: some, workers, json, track, wait, ...asked }) => {
      if (!(wait >= 0)) throw badSeconds("wait", wait);
      if (!(asked.deadline >= 1)) throw badSeconds("deadline", asked.deadline, 1);
      const devices = deviceCount(some, device);
      const gang = asked.gang ? await gangFor(asked, devices) : null;
      const all = devices * (gang?.hosts.length ?? 1);
      const job = await jobFor(terminal, { ...asked, devices: all });
      const { program, folder } = job;
      await needTensorFlow(terminal);
      const stopAsking = saveOnSignal(folder);
      const { interrupted, events } = await follow(
        terminal,
        (signal) => {
          const more = workers === undefined ? {} : { workers };
          const events = train({ ...job, device, devices, gang, signal, wait, ...more });
          const url = isFollower(gang)
            ? null
            : (track ?? (job.resume ? trackedBefore(folder) : null));
          return url === null ? events : tracked(events, { folder, url });
        },
        () => program.experiment.train.batch,
        json,
      )
        .catch((error: unknown) => {
          // Whoever starts all of a gang has the words of all in one place.
          if (gang !== null) tell(terminal, ofProcess(gang.rank, gang.hosts));
          throw error;
        })
        .finally(stopAsking);
      // Any process of a gang may have been asked to stop.
      if (interrupted || events.some(({ kind }) => kind === "stopped")) {
        tell(terminal, asked.goesOn ? sameGoesOn : `go on with: pspc train --resume ${folder}`);
        return exit.interrupted;
      }
      if (!json && !isFollower(gang)) print(terminal, folder);
      return exit.ok;
    },
  }),
);

const isFollower = (gang: Gang | null): boolean => gang !== null && gang.rank > 0;

/** @throws Failed where nobody tells this process its place, or the world could reach it. */
const gangFor = async (
  { deadline, publicNetwork }: { readonly deadline: number; readonly publicNetwork: boolean },
  devices: number,
): Promise<Gang> => {
  const place = valueOrThrow(placeIn(process.env, slurmNodes));
  if (!publicNetwork) await demandPrivate(place.hosts);
  return { ...place, devices, deadline };
};

/** As Slurm itself writes its lists out. */
const slurmNodes = (nodes: string): readonly string[] =>
  execFileSync("scontrol", ["show", "hostnames", nodes], { encoding: "utf8" }).trim().split("\n");

/** SIGUSR1 leaves the file by which anyone may ask for a checkpoint. */
const saveOnSignal = (folder: string): (() => void) => {
  const ask = (): void => {
    try {
      if (existsSync(folder)) writeFileSync(checkpointRequest(folder), "");
    } catch {
      // A disk that refuses this will refuse the next checkpoint, which says why.
    }
  };
  process.on("SIGUSR1", ask);
  return () => process.off("SIGUSR1", ask);
};

interface Asked extends Pick<SpecRequest, "overrides" | "runCode" | "devices"> {
  readonly target: SpecRequest["target"] | undefined;
  readonly run: string | undefined;
  readonly resume: string | undefined;
  readonly goesOn: boolean;
  readonly allow: string | undefined;
}

type Job = Pick<
  TrainRequest,
  "program" | "folder" | "spec" | "variant" | "overrides" | "resume" | "allow"
>;

/** What is to be trained: the spec where one is named, else what the run to resume was trained from. */
const jobFor = async (terminal: Terminal, asked: Asked): Promise<Job> => {
  const {
    target,
    overrides,
    runCode,
    devices,
    run: folder,
    resume,
    goesOn,
    allow,
  } = firstOverride(asked);
  if (goesOn && (resume !== undefined || target === undefined)) throw continuesSpec();
  if (target !== undefined) {
    const { resolved } = await open(terminal, {
      target,
      overrides,
      runCode,
      ...(devices && { devices }),
    });
    const { variant } = resolved;
    const program = lower(resolved.experiment);
    return {
      program,
      folder: resume ?? folder ?? ownFolder({ spec: target.entry, variant }, program),
      spec: target.entry,
      variant,
      overrides,
      resume: goesOn ? "if-begun" : resume !== undefined,
      allow: allow?.split(",") ?? [],
    };
  }
  if (resume === undefined) throw nothingToTrain();
  const { spec, variant, overrides: before } = await readRun(resume);
  const experiment = await changedRun(terminal, { folder: resume, overrides });
  const keys = overrides.map((override) => override.slice(0, override.indexOf("=")));
  return {
    program: lower(experiment),
    folder: resume,
    spec,
    variant,
    resume: true,
    allow: [...keys, ...(allow?.split(",") ?? [])],
    ...(overrides.length === 0 ? {} : { overrides: [...before, ...overrides] }),
  };
};

/** In `--resume RUN key=value` the first word names no spec. */
const firstOverride = (asked: Asked): Asked => {
  const { target, overrides, resume } = asked;
  const word = target && [target.entry, target.variant].filter(Boolean).join("#");
  if (resume === undefined || word === undefined || !/^[\w.]+=/.test(word)) return asked;
  return { ...asked, target: undefined, overrides: [word, ...overrides] };
};
