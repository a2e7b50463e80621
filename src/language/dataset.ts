/** What the makers of a dataset have decided, as data. */

import type { MapName } from "./data.js";

/** A file value, or a colour `0xRRGGBB`, becomes a class index, or is ignored. */
export type LabelMap = ReadonlyMap<number, number | "ignore">;

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

export type Rgb = readonly [red: number, green: number, blue: number];

export const rgb = (colour: number): Rgb => [colour >> 16, (colour >> 8) & 255, colour & 255];

export const packRgb = ([red, green, blue]: Rgb): number => (red << 16) | (green << 8) | blue;
