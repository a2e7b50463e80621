/**
 * The boundary F-score of Csurka et al. (BMVC 2013, "What is a good evaluation measure for semantic segmentation?").
 *
 * A pixel lies on the boundary of its class where one of its four neighbours has another class. Of one image and class,
 * precision is the share of predicted boundary pixels that lie within the tolerance of a true one of the same class
 * (Euclidean, in pixels), recall the share of true ones near a predicted one, and F their harmonic mean; a class that
 * only one of the two maps draws has F = 0. A class's score is its mean F over the images that hold it in either map.
 */

import type { Monoid } from "fp-ts/lib/Monoid.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Size } from "../language/geometry.js";
import { type ClassIndices, ignoredIn } from "../language/labels.js";

/** Per class: the sum of F over images, and the number of images. */
export interface Boundaries {
  readonly f: Float64Array;
  readonly images: Float64Array;
}

export const boundaryMonoid = (classes: number): Monoid<Boundaries> => ({
  empty: { f: new Float64Array(classes), images: new Float64Array(classes) },
  concat: (x, y) => ({
    f: x.f.map((value, c) => value + y.f[c]!),
    images: x.images.map((value, c) => value + y.images[c]!),
  }),
});

/** A class map `[H, W]`. */
export interface ClassMap extends Size {
  readonly values: ClassIndices;
}

/** Of one image: the share of the diagonal `tolerance` says how far two boundaries may lie apart. */
export const boundaries = (
  truth: ClassMap,
  prediction: ClassIndices,
  classes: number,
  tolerance: number,
): Boundaries => {
  const { values, height, width } = truth;
  invariant(values.length === prediction.length, "labels and prediction of different size");
  const ignored = ignoredIn(values);
  const counted = (map: ClassIndices): ClassIndices =>
    outline({ values: map.map((c, i) => (values[i] === ignored ? ignored : c)), height, width });
  const [drawn, found] = [outline(truth), counted(prediction)];
  const near = disc(tolerance * Math.hypot(height, width));
  const [recall, precision] = [
    matches({ ...truth, values: drawn }, found, near, classes),
    matches({ ...truth, values: found }, drawn, near, classes),
  ];
  const [f, images] = [new Float64Array(classes), new Float64Array(classes)];
  for (let c = 0; c < classes; c++) {
    if (recall.all[c]! + precision.all[c]! === 0) continue;
    images[c] = 1;
    const [r, p] = [recall, precision].map(({ met, all }) => met[c]! / Math.max(1, all[c]!));
    f[c] = r! + p! === 0 ? 0 : (2 * r! * p!) / (r! + p!);
  }
  return { f, images };
};

/** Mean F of each class, `null` where no image holds it, and the mean of these, `null` where there are none. */
export const boundaryScores = ({ f, images }: Boundaries) => {
  const byClass = [...f].map((sum, c) => (images[c]! > 0 ? sum / images[c]! : null));
  const present = byClass.filter((value) => value !== null);
  const mean = present.length === 0 ? null : present.reduce((a, b) => a + b, 0) / present.length;
  return { mean, classes: byClass };
};

/** The class where a boundary runs, and the ignored index everywhere else. */
const outline = ({ values, height, width }: ClassMap): ClassIndices => {
  const ignored = ignoredIn(values);
  const outlined = values.slice().fill(ignored);
  const differs = (i: number, j: number): boolean =>
    values[j] !== ignored && values[j] !== values[i];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (values[i] === ignored) continue;
      const onEdge =
        (x > 0 && differs(i, i - 1)) ||
        (x + 1 < width && differs(i, i + 1)) ||
        (y > 0 && differs(i, i - width)) ||
        (y + 1 < height && differs(i, i + width));
      if (onEdge) outlined[i] = values[i]!;
    }
  return outlined;
};

/** Steps of at most `radius`, the nearest first, so that a search for a neighbour ends soon. */
const disc = (radius: number): readonly (readonly [dy: number, dx: number])[] => {
  const reach = Math.floor(radius);
  const side = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const length = ([dy, dx]: readonly [number, number]): number => dy * dy + dx * dx;
  return side
    .flatMap((dy) => side.map((dx) => [dy, dx] as const))
    .filter((step) => length(step) <= radius * radius)
    .sort((a, b) => length(a) - length(b));
};

/** Of each class: boundary pixels of `of`, and those among them that have one of `others` near. */
const matches = (
  { values, height, width }: ClassMap,
  others: ClassIndices,
  near: ReturnType<typeof disc>,
  classes: number,
) => {
  const [met, all] = [new Float64Array(classes), new Float64Array(classes)];
  const ignored = ignoredIn(values);
  values.forEach((c, i) => {
    if (c === ignored) return;
    const [y, x] = [Math.floor(i / width), i % width];
    all[c]! += 1;
    const isNear = near.some(([dy, dx]) => {
      const [v, u] = [y + dy, x + dx];
      return v >= 0 && v < height && u >= 0 && u < width && others[v * width + u] === c;
    });
    if (isNear) met[c]! += 1;
  });
  return { met, all };
};
