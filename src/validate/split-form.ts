/** Splits are two folders where the layout is `folders`, and a name in every other. */

import * as says from "./errors-data.js";
import type { DataRule } from "./rule.js";

export const splitForm: DataRule = ({ data }) =>
  (["train", "val", "test"] as const).flatMap((split) => {
    const name = data[split];
    if (name === null || (typeof name === "string") !== (data.layout === "folders")) return [];
    return [says.splitOfOtherLayout(split, data.layout)];
  });
