/** What a layout makes of one split: a pair of files, or what is wrong with one. */

import type { Failure } from "../diagnostic/failure.js";
import type { Sample } from "./sample.js";

export type Entry = Sample | Failure;
