/** Only a bottleneck has a 1×1 convolution to put the stride on. */

import * as says from "./errors-model.js";
import type { Rule } from "./rule.js";

export const strideSite: Rule = ({ model: { backbone } }) =>
  backbone.block === "basic" && backbone.stride_site === "1x1" ? [says.strideSiteMissing()] : [];
