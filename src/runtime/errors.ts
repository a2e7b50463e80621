/** Every failure of TensorFlow and the devices, in words. */

import { join } from "node:path";
import { Failed, type Failure, failure } from "../diagnostic/failure.js";
import { writing } from "../file/system.js";

const setUp = "run `npx pspc setup`; it says what is missing";

export const notInstalled = (reason: string): Failure =>
  failure("cannot load TensorFlow", reason, setUp);

export const littleAddressSpace = (bytes: number): Failure =>
  failure(
    "there is not enough memory for TensorFlow",
    `this process may use ${(bytes / 2 ** 30).toFixed(1)} GiB of address space (ulimit -v); the libraries, their threads and a small training take 5`,
    "Raise the limit (ulimit -v unlimited). Memory that is in use can be limited otherwise: systemd-run -p MemoryMax=…, docker run --memory=….",
  );

export const alreadyLoaded = (asked: string, has: string): Failure =>
  failure(
    `cannot use the ${asked}: TensorFlow is already loaded in this process with the ${has}`,
    "its devices are chosen once, when it loads",
    "use one device a process",
  );

export const fewerDevices = (asked: number, gpus: number): Failure =>
  failure(
    `a training on ${asked} GPUs was asked for, and this machine has ${gpus}`,
    "each replica has a GPU of its own",
    "ask for as many as there are: --devices all",
  );

export const noTemporary = (folder: string, error: unknown): Failure => {
  const [reason, help] = writing(join(folder, "pspc"), error);
  return failure(
    `cannot hand the network to TensorFlow by a file in ${folder}`,
    reason,
    `${help} TMPDIR names another folder.`,
  );
};

/** What is known of the reason why TensorFlow sees no GPU, the first that holds. */
export interface GpuEvidence {
  /** `CUDA_VISIBLE_DEVICES`, where it hides every GPU. */
  readonly hidden: string | undefined;
  /** The NVIDIA driver's version. */
  readonly driver: string | undefined;
  /** Whether the libtensorflow in use was made for CUDA; undefined where set-up did not choose it. */
  readonly cuda: boolean | undefined;
}

export const noGpu = (evidence: GpuEvidence): Failure => {
  const [reason, help] = whyNoGpu(evidence);
  return failure(
    "a GPU was asked for, and TensorFlow sees none",
    reason,
    `${help}, or ask for the cpu`,
  );
};

const whyNoGpu = ({ hidden, driver, cuda }: GpuEvidence): readonly [string, string] => {
  if (hidden !== undefined)
    return [
      `CUDA_VISIBLE_DEVICES=${JSON.stringify(hidden)} hides every GPU`,
      "unset it, or name a GPU there",
    ];
  if (driver === undefined)
    return [
      "this machine has no NVIDIA driver (/proc/driver/nvidia/version is absent)",
      "install the driver, or give the container its GPU (`--gpus all`)",
    ];
  if (cuda === false)
    return [
      `the NVIDIA driver ${driver} is here, but the libtensorflow in use is the one without CUDA`,
      "run `PSPC_FLAVOUR=cuda npx pspc setup`",
    ];
  return [
    `the NVIDIA driver ${driver} is here, but TensorFlow could not open it or a CUDA library`,
    "run `TF_CPP_MIN_LOG_LEVEL=0 npx pspc doctor` and read which library it names; an old driver is the usual cause",
  ];
};

export const noEngine = (reason: string): Failure =>
  failure("cannot train on several devices", reason, setUp);

/** The first line says it; what follows is TensorFlow's trace of its own graph. */
const said = (reason: string): string => reason.split("\n", 1)[0] ?? reason;

export const stepFailed = (reason: string): Failure =>
  failure(
    "TensorFlow gave up on the devices of this training",
    said(reason),
    "look at whether these devices are there and have room (npx pspc doctor, nvidia-smi), and go on with --resume; fewer devices will do, too",
  );

/** Another process is gone or stands still: all of them end, and are started again. */
export class GangBroken extends Failed {}

const startAgain =
  "start all processes again with the same command: they go on from the last checkpoint";

export const peerGone = (rank: number, host: string): Failure =>
  failure(
    `the gang is broken: process ${rank} (${host}) has ended`,
    "why, if it could say so, stands in its own output",
    startAgain,
  );

export const peerNeverCame = (rank: number, host: string, seconds: number): Failure =>
  failure(
    `the gang is not complete: process ${rank} (${host}) cannot be reached`,
    `nothing has answered at that port for ${seconds} s`,
    "start all processes, each with its own rank; look at the names of the hosts, and at the firewall between them",
  );

export const latePeer = (deadline: number): Failure =>
  failure(
    "the gang is broken: another process of it stands still, or cannot be reached",
    `a step was not done after ${deadline} s (--deadline)`,
    startAgain,
  );

/** TensorFlow's report begins with the task that noticed, and tells what happened behind it. */
export const lostPeer = (reason: string): Failure =>
  failure(
    "the gang is broken: another process of it has ended, or cannot be reached",
    reason.split("\n").find((line) => line !== "" && !/^From \/job:/.test(line)) ?? reason,
    startAgain,
  );

export const refusedServer = (host: string, reason: string): Failure =>
  failure(
    `cannot listen as ${host}`,
    said(reason),
    "free the port, or name another in PSPC_HOSTS or by PSPC_PORT",
  );
