/** What names a split of the data: a list, a folder, two folders, or a share that is held out of the training split. */

import { redecided } from "./codec.js";
import { absent, key, required, usually } from "./key.js";
import { marked } from "./map.js";
import { section } from "./section.js";
import { anyText, integer, oneOf, real, text } from "./value.js";

const folders = section("a split of two folders", {
  images: key(text("a folder"), "Folder of the images, relative to root.", required("images")),
  labels: key(text("a folder"), "Folder of the labels, relative to root.", required("labels")),
  suffix: key(
    anyText("the end of a label's name"),
    "What a label's name has behind the image's: `_mask` pairs 7.jpg with 7_mask.png.",
    usually("", "labels are named as their images"),
  ),
});

const named = text("the name of a split");

/** The training split, as the layout has it. */
export const split = oneOf(named, folders);

/** Above 0 and below 1. */
const part = real({ above: 0, below: 1 }, "a share of 0 holds nothing, one of 1 everything");

const share = section("a held-out share", {
  share: key(part, "How much of the training split is held out of it, about.", required(0.2)),
  together: key(
    text("a regular expression"),
    "Keeps pairs on one side whose names match with the same text (of the first group, where there is one): `^(seq\\d+)_`.",
    absent("each pair by itself"),
  ),
  seed: key(
    integer({ min: 0, max: 4294967295 }, "seeds have 32 bits"),
    "Decides which pairs.",
    usually(0, "any number will do"),
  ),
});

/** `0.2` for `{share: 0.2}`. */
const bareShare = redecided(part, (written, scope) => share.decide({ share: written }, scope));

/** A split to score: named as the training split is, or held out of that. */
export const scored = oneOf(named, bareShare, marked("share", share, folders));
