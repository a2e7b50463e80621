/** Datasets of the ground as seen from above: LoveDA, the ISPRS's Potsdam and Vaihingen, iSAID. */

import { countedFrom, type Dataset, rgb } from "./dataset.js";

type Table = readonly (readonly [name: string, colour: number])[];

const of = (table: Table): Pick<Dataset, "classes" | "palette"> => ({
  classes: table.map(([name]) => name),
  palette: table.map(([, colour]) => rgb(colour)),
});

const splits = { train: "train", val: "val" };

const lovedaTable: Table = [
  ["background", 0xffffff],
  ["building", 0xff0000],
  ["road", 0xffff00],
  ["water", 0x0000ff],
  ["barren", 0x9f81b7],
  ["forest", 0x00ff00],
  ["agricultural", 0xffc380],
];

/** 0 is what has no data. */
export const lovedaMap = countedFrom(1, lovedaTable, 0);

export const loveda: Dataset = { title: "LoveDA", ...of(lovedaTable), usualMap: "loveda", splits };

/** In the colours of the ISPRS's own label files. */
const isprsTable: Table = [
  ["impervious_surface", 0xffffff],
  ["building", 0x0000ff],
  ["low_vegetation", 0x00ffff],
  ["tree", 0x00ff00],
  ["car", 0xffff00],
  ["clutter", 0xff0000],
];

/** 0 is the black line between objects, of labels without boundary (mmsegmentation's `potsdam.py`). */
export const isprsMap = countedFrom(1, isprsTable, 0);

const isprs = { ...of(isprsTable), usualMap: "isprs", splits } as const;

export const potsdam: Dataset = { title: "ISPRS Potsdam", ...isprs };

export const vaihingen: Dataset = { title: "ISPRS Vaihingen", ...isprs };

/** In the colours of `_instance_color_RGB.png` as they are published. */
const isaidTable: Table = [
  ["background", 0x000000],
  ["ship", 0x00003f],
  ["store_tank", 0x003f3f],
  ["baseball_diamond", 0x003f00],
  ["tennis_court", 0x003f7f],
  ["basketball_court", 0x003fbf],
  ["Ground_Track_Field", 0x003fff],
  ["Bridge", 0x007f3f],
  ["Large_Vehicle", 0x007f7f],
  ["Small_Vehicle", 0x00007f],
  ["Helicopter", 0x0000bf],
  ["Swimming_pool", 0x0000ff],
  ["Roundabout", 0x00bf7f],
  ["Soccer_ball_field", 0x007fbf],
  ["plane", 0x007fff],
  ["Harbor", 0x00649b],
];

/** 255 is what patches have beyond the picture. */
export const isaidMap = countedFrom(0, isaidTable);

export const isaid: Dataset = { title: "iSAID", ...of(isaidTable), usualMap: "isaid", splits };
