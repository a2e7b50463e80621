/** Pascal Context: its 59 most frequent classes, with or without the background that holds all others. */

import { countedFrom, type Dataset } from "./dataset.js";
import { ade20k } from "./dataset-ade20k.js";

/** In the order of the alphabet, as their ids among all 459; converters number them so (detail-api). */
const names =
  "aeroplane, bag, bed, bedclothes, bench, bicycle, bird, boat, book, bottle, building, bus, cabinet, car, cat, ceiling, chair, cloth, computer, cow, cup, curtain, dog, door, fence, floor, flower, food, grass, ground, horse, keyboard, light, motorbike, mountain, mouse, person, plate, platform, pottedplant, road, rock, sheep, shelves, sidewalk, sign, sky, snow, sofa, table, track, train, tree, truck, tvmonitor, wall, water, window, wood".split(
    ", ",
  );

/** mmsegmentation draws the background and the classes in ADE20K's first colours. */
const colours = ade20k.palette.slice(0, names.length + 1);

const splits = { train: "train", val: "val" };

/** 0 is the background. */
export const contextMap = countedFrom(0, ["background", ...names]);

export const context59Map = countedFrom(1, names, 0);

export const pascalContext: Dataset = {
  title: "Pascal Context",
  classes: ["background", ...names],
  palette: colours,
  usualMap: "pascal-context",
  splits,
};

/** The same files; the background counts for nothing. */
export const pascalContext59: Dataset = {
  title: "Pascal Context without background",
  classes: names,
  palette: colours.slice(1),
  usualMap: "pascal-context-59",
  splits,
};
