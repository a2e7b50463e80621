/** Each augmentation is applied once. */

import * as says from "./errors-train.js";
import { type Rule, repetitions } from "./rule.js";

export const augmentOnce: Rule = ({ train }) =>
  repetitions(train.augment.map((a) => a.op)).map(({ item, index, first }) =>
    says.repeatedAugmentation(item, index, first),
  );
