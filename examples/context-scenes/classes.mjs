// @ts-check
/** The classes of context scenes: names enter, the index in label files and a colour to show it leave. */

/** @typedef {typeof CLASSES[number]} ClassName */

/** The place in the list is the class index. */
export const CLASSES = /** @type {const} */ ([
  "sky",
  "wall",
  "water",
  "road",
  "bed",
  "boat",
  "car",
  "toy",
  "pillow",
  "building",
  "window",
]);

/** @param {ClassName} name */
export const classIndex = (name) => CLASSES.indexOf(name);

/** @type {Readonly<Record<ClassName, readonly [red: number, green: number, blue: number]>>} */
const COLOURS = {
  sky: [150, 200, 240],
  wall: [232, 214, 180],
  water: [56, 116, 190],
  road: [112, 112, 118],
  bed: [200, 150, 190],
  boat: [230, 64, 60],
  car: [250, 196, 60],
  toy: [92, 176, 120],
  pillow: [250, 250, 250],
  building: [60, 60, 90],
  window: [170, 84, 44],
};

/** RGB of every index, `[256, 3]`; black where there is no class. */
export const PALETTE = new Uint8Array(256 * 3);
CLASSES.forEach((name, index) => {
  PALETTE.set(COLOURS[name], 3 * index);
});
