/** The rules of `train.augment`: each augmentation once, ranges in order, the crop last. */

import { type Diagnostic, error, warning } from "../diagnostic/diagnostic.js";
import { path } from "../language/path.js";
import { place, type Rule, repetitions, swap } from "./rule.js";

/** The ranges of scaling, of rotation and of distortion's factors go from the lesser to the greater. */
export const augmentRanges: Rule = ({ train }) =>
  train.augment.flatMap((a, i) => {
    if (a.op === "scale" || a.op === "rotate") return reversed(a.op, i, [a.op], [a.min, a.max]);
    if (a.op !== "distort") return [];
    return (["contrast", "saturation"] as const).flatMap((key) =>
      reversed(`distort.${key}`, i, ["distort", key], a[key]),
    );
  });

const reversed = (
  what: string,
  index: number,
  inside: readonly string[],
  [min, max]: readonly [number, number],
): readonly Diagnostic[] => (min > max ? [reversedRange(what, index, inside, min, max)] : []);

const reversedRange = (
  what: string,
  index: number,
  inside: readonly string[],
  min: number,
  max: number,
): Diagnostic =>
  error(
    "E0509",
    `the range of \`${what}\` is reversed`,
    place(path("train.augment", index), `from ${min} down to ${max}`),
    {
      help: [`write [${max}, ${min}]`],
      fixes: [inside, [...inside, "range"]].map((steps) =>
        swap(path("train.augment", index, ...steps), min, max),
      ),
    },
  );

/** Each augmentation is applied once (semseg `tool/train.py`). */
export const augmentOnce: Rule = ({ train }) =>
  repetitions(train.augment.map((a) => a.op)).map(({ item, index, first }) =>
    repeatedAugmentation(item, index, first),
  );

const repeatedAugmentation = (op: string, index: number, first: number): Diagnostic =>
  warning(
    "E0510",
    `\`${op}\` is applied twice`,
    place(path("train.augment", index), "applied again"),
    {
      related: [place(path("train.augment", first), "applied here")],
      help: ["keep one; to change more, widen its range"],
    },
  );

/** The list is applied before the crop, so the crop's own limit comes last (mmsegmentation's `cat_max_ratio`). */
export const cropLast: Rule = ({ train: { augment } }) =>
  augment.flatMap(({ op }, i) =>
    op === "crop" && i < augment.length - 1 ? [cropNotLast(i, augment.length - 1)] : [],
  );

const cropNotLast = (index: number, last: number): Diagnostic =>
  error(
    "E0553",
    "`crop` is not the last augmentation",
    place(path("train.augment", index), "the crop comes last"),
    {
      related: [place(path("train.augment", last), "comes after it")],
      help: ["move it to the end; whatever moves pixels comes before the crop"],
    },
  );
