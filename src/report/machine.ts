/** What this machine can run (`doctor`), and which form of each layer it runs fastest (`tune`). */

import type { Form } from "../rewrite/forms.js";
import type { Calibration } from "../run/calibrate.js";
import { quantile } from "../run/timing.js";
import { fastest, type Tuned } from "../run/tune.js";
import type { Cpu, Gpu, Report, TensorFlowReport } from "../runtime/doctor.js";
import { bytes, figure, percent, table, text } from "./format.js";

export const doctorText = (report: Report & { readonly kernels: string }): string => {
  const { node, npm, tfjs, tensorflow, cpu, gpus, memory, kernels } = report;
  return [
    line("Node", `${node}${npm === undefined ? ", npm not found" : `, npm ${npm}`}`),
    line("tfjs", tfjs),
    ...tensorflowLines(tensorflow),
    line("CPU", cpuText(cpu)),
    ...(gpus.length === 0 ? [line("GPU", "none that the NVIDIA driver lists")] : gpus.map(gpuLine)),
    line("memory", memoryText(memory)),
    line("kernels", `by ${kernels}`),
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
    ...(device === "gpu" ? [line("TF32", tf32(found))] : []),
    line(
      "toy step",
      `${toy.right ? "right" : "WRONG: dilated convolutions cannot be trained"}, ${toy.gigaflops.toFixed(0)} GFLOP/s`,
    ),
  ];
};

const oneDnn = ({ one_dnn, device }: TensorFlowReport): string =>
  one_dnn ? "on" : device === "gpu" ? "off (not needed on a GPU)" : "OFF: nothing dilated trains";

const tf32 = ({ tf32: allowed }: TensorFlowReport): string =>
  allowed ? "ALLOWED: f32 keeps ten bits of a factor" : "off; NVIDIA_TF32_OVERRIDE=1 allows it";

const bf16 = (has: boolean): string => (has ? "bf16 in hardware" : "no bf16 in hardware");

const cpuText = ({ model, cores, units, bf16: has }: Cpu): string =>
  [model, `${cores} cores`, units.join(" ") || "no vector units", bf16(has)].join(", ");

const pages: Readonly<Record<Report["memory"]["large_pages"], string>> = {
  given: "TensorFlow's in large pages",
  "not given": "in small pages: the system gives no large ones",
  "not asked for": "in small pages: set-up had no compiler",
};

const memoryText = ({ total_bytes, free_bytes, large_pages }: Report["memory"]): string =>
  `${bytes(total_bytes)}, ${bytes(free_bytes)} free, ${pages[large_pages]}`;

const gpuLine = ({ name, driver, capability, memory_bytes, bf16: has }: Gpu): string =>
  line(
    "GPU",
    [name, bytes(memory_bytes), `driver ${driver}`, `compute ${capability}`, bf16(has)].join(", "),
  );

export interface TunedLayer {
  readonly layer: string;
  /** How many of it a training step and the inference of one image have. */
  readonly times: number;
  /** The fastest; `null` where the machine was too noisy to tell. */
  readonly form: Form | null;
  /** Milliseconds, the lower quartile of the rounds, by form; what the device refuses is not there. */
  readonly ms: Readonly<Partial<Record<Form, number>>>;
}

export interface Tuning {
  readonly machine: string;
  readonly file: string;
  readonly layers: readonly TunedLayer[];
  /** Of all layers, each as often as it occurs: in TensorFlow's own kernels where it has one, and in the fastest forms. */
  readonly ms: { readonly native: number; readonly fastest: number };
}

export const tuning = (tuned: readonly Tuned[], machine: string, file: string): Tuning => {
  const layers = tuned.map((each): TunedLayer => {
    const { name, times, rounds } = each;
    const ms = Object.fromEntries(
      [...rounds].map(([form, taken]) => [form, quantile(taken, 0.25)]),
    );
    return { layer: name, times, form: fastest(each), ms };
  });
  const sum = (of: (layer: TunedLayer) => number): number =>
    layers.reduce((total, layer) => total + layer.times * of(layer), 0);
  return { machine, file, layers, ms: { native: sum(own), fastest: sum(best) } };
};

const best = ({ form, ms }: TunedLayer): number => ms[form ?? "native"] ?? 0;
const own = (layer: TunedLayer): number => layer.ms.native ?? best(layer);
const saved = (layer: TunedLayer): number => layer.times * (own(layer) - best(layer));

const milliseconds = (ms: number | undefined): string => (ms === undefined ? "–" : ms.toFixed(2));

/** What saves most stands first. */
export const tuningText = ({ machine, file, layers, ms }: Tuning): string => {
  const columns = [
    text("layer"),
    figure("times"),
    figure("native, ms"),
    text("fastest"),
    figure("ms"),
  ];
  const rows = layers
    .toSorted((a, b) => saved(b) - saved(a))
    .map((layer) => [
      layer.layer,
      `${layer.times}`,
      milliseconds(layer.ms.native),
      layer.form ?? "cannot tell",
      milliseconds(best(layer)),
    ]);
  const gain = `${ms.native.toFixed(0)} ms → ${ms.fastest.toFixed(0)} ms in layers that have a choice`;
  const unclear = layers.filter(({ form }) => form === null).length;
  const noisy =
    unclear === 0
      ? []
      : [
          `The machine was too noisy to tell of ${unclear} of ${layers.length} layers, which keep the forms that its speeds suggest: tune again when nothing else runs.`,
        ];
  return [table(columns, rows), gain, ...noisy, `${machine}: ${file}`].join("\n\n");
};

/** Of a calibration that is thrown away. */
export const busyText = ({ unsteady, others }: Omit<Calibration, "speeds">): string => {
  const taken =
    others === null ? "" : `other processes took ${percent(others, 0)} % of its processors, and `;
  return `the machine is too busy to be measured: ${taken}${percent(unsteady, 0)} % of the numbers came out otherwise a moment later. Forms are chosen as on a typical machine; \`pspc doctor --calibrate\` measures again.`;
};
