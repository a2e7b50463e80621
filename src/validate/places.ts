/** The places and words that several rules speak in. */

import type { Path, Place } from "../diagnostic/diagnostic.js";

export const place = (path: Path, label: string): Place => ({ path, label });
export const list = (xs: readonly (number | string)[]): string => `[${xs.join(", ")}]`;
export const sides = ([h, w]: readonly [number, number]): string =>
  h === w ? `${h}` : `[${h}, ${w}]`;
export const by = ([h, w]: readonly [number, number]): string => `${h}×${w}`;

export const dilationsPath: Path = ["model", "backbone", "dilations"];
export const cropPath: Path = ["train", "crop"];
export const binsPath: Path = ["model", "pyramid", "bins"];

export type Size = readonly [number, number];

export interface Geometry {
  readonly crop: Size;
  readonly stride: number;
  readonly feature: Size;
  readonly dilations: readonly number[];
}

export const strideFrom = ({ stride, dilations }: Geometry): Place =>
  place(dilationsPath, `${list(dilations)} makes output stride ${stride}`);

export const featureFrom = ({ crop, feature, stride }: Geometry): Place =>
  place(cropPath, `${by(crop)} at output stride ${stride} gives ${by(feature)}`);

export const useCrops = (crops: readonly Size[], what: string): string =>
  `use ${what} of ${crops.map(sides).join(" or ")}`;

export const freezePath: Path = ["train", "freeze"];
