/** The language names a precision that the compiler does not lower yet: said here, not found out in training. */

import * as says from "./errors.js";
import type { Rule } from "./rule.js";

export const precisionCompiled: Rule = ({ train }) =>
  train.precision === "bf16" ? [says.precisionNotCompiled()] : [];
