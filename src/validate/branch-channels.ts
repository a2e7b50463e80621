/** A reduction leaves each branch of the pyramid at least one channel. */

import { stageChannels } from "../language/geometry.js";
import * as says from "./errors-model.js";
import type { Rule } from "./rule.js";

export const branchChannels: Rule = ({ model: { backbone, pyramid } }) =>
  pyramid?.channels === 0 ? [says.noBranchChannels(stageChannels(backbone)[3], pyramid.bins)] : [];
