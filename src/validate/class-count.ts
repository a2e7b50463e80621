/** A built-in label map has a dataset's classes: as many stand in `classes`. */

import { mapNamed } from "../language/datasets.js";
import * as says from "./errors-data.js";
import type { DataRule } from "./rule.js";

export const classCount: DataRule = ({ data: { classes, label_map } }) => {
  if (label_map === null) return [];
  const { title, classes: own } = mapNamed(label_map).dataset;
  return classes.length === own.length
    ? []
    : [says.foreignClasses(classes.length, label_map, title, own.length)];
};
