/** A window larger than the crop shows the pyramid more than it was trained on. */

import * as says from "./errors-evaluate.js";
import type { Rule } from "./rule.js";

export const windowSize: Rule = ({ evaluate: { mode, window }, train: { crop } }) =>
  mode === "slide" && (window[0] > crop[0] || window[1] > crop[1])
    ? [says.windowLarger(window, crop)]
    : [];
