/** What the makers of a dataset have decided, as data. */

import type { MapName } from "./labels.js";

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
  readonly splits: { readonly train: string; readonly val: string };
}

export type Rgb = readonly [red: number, green: number, blue: number];

export const rgb = (colour: number): Rgb => [colour >> 16, (colour >> 8) & 255, colour & 255];

export const packRgb = ([red, green, blue]: Rgb): number => (red << 16) | (green << 8) | blue;
