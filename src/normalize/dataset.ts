/** What the makers of a dataset have decided, as data. */

import type { MapName } from "../spec/data.js";
import type { LabelMap } from "./experiment.js";
import type { Rgb } from "./rgb.js";

export interface Dataset {
  /** As its makers write it. */
  readonly title: string;
  readonly classes: readonly string[];
  /** Colours of the classes in pictures. */
  readonly palette: readonly Rgb[];
  /** From values in label files to positions in `classes`; the first is the usual one. */
  readonly maps: Readonly<Partial<Record<MapName, LabelMap>>>;
  readonly splits: { readonly train: string; readonly val: string };
}
