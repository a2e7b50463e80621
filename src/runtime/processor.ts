/** What the processor computes with: nothing enters but this machine's own description of itself; TensorFlow stays unloaded. */

import { existsSync, readFileSync } from "node:fs";

const known = ["avx2", "avx512f", "avx512_bf16", "amx_bf16"] as const;

/** The vector and matrix units that TensorFlow's kernels use here; none where the system does not tell. */
export const vectorUnits = (): readonly string[] => {
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo())?.[1]?.trim().split(" "));
  return known.filter((unit) => flags.has(unit));
};

const cpuinfo = (): string => {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
};

export const hasBf16Units = (units: readonly string[]): boolean =>
  units.some((unit) => unit.endsWith("_bf16"));

/** Whether bf16 is computed in hardware, as far as can be told at once: a GPU is taken at its driver's word. */
export const computesBf16 = (): boolean =>
  existsSync("/proc/driver/nvidia/version") || hasBf16Units(vectorUnits());
