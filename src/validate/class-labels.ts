/** Each class has a label value; without one it can never be learnt. */

import * as says from "./errors-data.js";
import type { DataRule } from "./rule.js";

export const classLabels: DataRule = ({ data: { classes, labels, label_map } }) => {
  // Of a built-in map the number of classes says it all.
  if (label_map !== null) return [];
  const meant = new Set(labels.values());
  if (classes.every((_, i) => meant.has(i))) return [];
  return classes.flatMap((name, i) =>
    meant.has(i) || classes.indexOf(name) < i || name === "ignore"
      ? []
      : [says.unlabelledClass(name, i)],
  );
};
