/** Every failure of TensorFlow and the devices, in words. */

import { join } from "node:path";
import { type Failure, failure } from "../diagnostic/failure.js";
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
