/** What a machine is enters; what of pspc runs on it, in words, leaves. */

import type { Cpu, Gpu, Machine, Report } from "../runtime/doctor.js";
import { bytes } from "./number.js";

export const doctorText = (report: Report): string => {
  const { node, npm, tfjs, tensorflow, cpu, gpus, memory } = report;
  return [
    line("Node", `${node}${npm === undefined ? ", npm not found" : `, npm ${npm}`}`),
    line("tfjs", tfjs),
    ...tensorflowLines(tensorflow),
    line("CPU", cpuText(cpu)),
    ...(gpus.length === 0 ? [line("GPU", "none that the NVIDIA driver lists")] : gpus.map(gpuLine)),
    line("memory", `${bytes(memory.total_bytes)}, ${bytes(memory.free_bytes)} free`),
  ].join("\n");
};

const line = (name: string, value: string): string => `${name.padEnd(12)}${value}`;

const tensorflowLines = (found: Report["tensorflow"]): readonly string[] => {
  if ("kind" in found) {
    const { message, reason, help } = found;
    return [
      line("TensorFlow", message),
      ...[reason, help].filter((more) => more !== undefined).map((more) => line("", more)),
    ];
  }
  const { version, device, toy } = found;
  return [
    line("TensorFlow", `${version} on the ${device}`),
    line("oneDNN", oneDnn(found)),
    line(
      "toy step",
      `${toy.right ? "right" : "WRONG: dilated convolutions cannot be trained"}, ${toy.gigaflops.toFixed(0)} GFLOP/s`,
    ),
  ];
};

const oneDnn = ({ one_dnn, device }: Machine): string =>
  one_dnn ? "on" : device === "gpu" ? "off (not needed on a GPU)" : "OFF: nothing dilated trains";

const bf16 = (has: boolean): string => (has ? "bf16 in hardware" : "no bf16 in hardware");

const cpuText = ({ model, cores, units, bf16: has }: Cpu): string =>
  [model, `${cores} cores`, units.join(" ") || "no vector units", bf16(has)].join(", ");

const gpuLine = ({ name, driver, capability, memory_bytes, bf16: has }: Gpu): string =>
  line(
    "GPU",
    [name, bytes(memory_bytes), `driver ${driver}`, `compute ${capability}`, bf16(has)].join(", "),
  );
