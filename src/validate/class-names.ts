/** Class names differ, and none of them is the word for "counts for nothing". */

import * as says from "./errors-data.js";
import { type DataRule, repetitions } from "./rule.js";

export const classNames: DataRule = ({ data: { classes } }) => [
  ...repetitions(classes).map(({ item, index, first }) => says.repeatedClass(item, index, first)),
  ...classes.flatMap((name, i) => (name === "ignore" ? [says.classCalledIgnore(i)] : [])),
];
