/** One colour a class. */

import * as says from "./errors-data.js";
import type { DataRule } from "./rule.js";

export const paletteCount: DataRule = ({ data: { classes, palette } }) =>
  palette === null || palette.length === classes.length
    ? []
    : [says.paletteLength(palette.length, classes.length)];
