/** What was measured of a program's layers enters; what each form takes, and what that saves, leaves as data and as text. */

import type { Form } from "../rewrite/forms.js";
import { fastest, type Tuned } from "../run/tune.js";
import { figure, table, text } from "./table.js";

export interface TunedLayer {
  readonly layer: string;
  /** How many of it a training step and the inference of one image have. */
  readonly times: number;
  readonly form: Form;
  /** Milliseconds, by form; what the device refuses is not there. */
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
    const { name, times, ms } = each;
    return { layer: name, times, form: fastest(each), ms: Object.fromEntries(ms) };
  });
  const sum = (of: (layer: TunedLayer) => number): number =>
    layers.reduce((total, layer) => total + layer.times * of(layer), 0);
  return { machine, file, layers, ms: { native: sum(own), fastest: sum(best) } };
};

const best = ({ form, ms }: TunedLayer): number => ms[form] ?? 0;
const own = (layer: TunedLayer): number => layer.ms.native ?? best(layer);
const saved = (layer: TunedLayer): number => layer.times * (own(layer) - best(layer));

const milliseconds = (ms: number | undefined): string => (ms === undefined ? "–" : ms.toFixed(2));

/** What saves most stands first. */
export const tuningText = ({ machine, file, layers, ms }: Tuning, colour: boolean): string => {
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
      layer.form,
      milliseconds(best(layer)),
    ]);
  const gain = `${ms.native.toFixed(0)} ms → ${ms.fastest.toFixed(0)} ms in layers that have a choice`;
  return [table(columns, rows, colour), gain, `${machine}: ${file}`].join("\n\n");
};
