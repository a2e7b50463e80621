/** What the makers of a dataset have decided, as data. */

import type { MapName } from "./datasets.js";

/** A file value, or a colour `0xRRGGBB`, becomes a position in `classes`, or is ignored. */
export type LabelMap = ReadonlyMap<number, number | "ignore">;

export interface Dataset {
  /** As its makers write it. */
  readonly title: string;
  readonly classes: readonly string[];
  /** Colours of the classes in pictures. */
  readonly palette: readonly Rgb[];
  /** The map of its label files, where none is named. */
  readonly usualMap: MapName;
  readonly splits: { readonly train: string; readonly val: string; readonly test?: string };
  /** Of a dataset that has no labels to train on: whose classes it has, and so which networks it scores. */
  readonly scores?: string;
}

export type Rgb = readonly [red: number, green: number, blue: number];

export const rgb = (colour: number): Rgb => [colour >> 16, (colour >> 8) & 255, colour & 255];

export const packRgb = ([red, green, blue]: Rgb): number => (red << 16) | (green << 8) | blue;

/** Label values that count up with the classes from `first` on, and values of no class; 255 is always one. */
export const countedFrom = (
  first: number,
  classes: readonly unknown[],
  ...ignored: readonly number[]
): LabelMap =>
  new Map<number, number | "ignore">([
    ...ignored.map((value) => [value, "ignore"] as const),
    ...classes.map((_, i) => [first + i, i] as const),
    [255, "ignore"],
  ]);
