/** Pictures of one size and a session that can take them enter; the class of each pixel leaves, and its probabilities. */

import type { Picture } from "../data/image.js";
import type { Session } from "../runtime/session.js";
import { type Size, sizeName } from "../tensorflow/model.js";
import type { Prediction } from "./paint.js";

/** One call. What could not be read, and what the last batch lacks, is black and is dropped again. */
export const segment = (
  session: Session,
  size: Size,
  pictures: readonly (Picture | null)[],
  batch: number,
): readonly (Prediction | null)[] => {
  if (pictures.every((picture) => picture === null)) return pictures.map(() => null);
  const pixels = size.height * size.width;
  const images = new Uint8Array(batch * pixels * 3);
  for (const [i, picture] of pictures.entries())
    if (picture !== null) images.set(picture.pixels, i * pixels * 3);
  const { classes, probabilities } = session.run(`predict_${sizeName(size)}`, { images });
  const shares = probabilities?.data as Float32Array | undefined;
  const depth = (shares?.length ?? 0) / (batch * pixels);
  return pictures.map(
    (picture, i) =>
      picture && {
        picture,
        classes: Uint8Array.from(classes!.data.subarray(i * pixels, (i + 1) * pixels)),
        probabilities: shares?.slice(i * pixels * depth, (i + 1) * pixels * depth),
      },
  );
};
