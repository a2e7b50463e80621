/** A file of weights of any format and a network's variables enter; the variables' values leave, or what does not fit. */

import { Failed } from "../diagnostic/failure.js";
import type { Ops } from "../graph/op.js";
import type { Model } from "../normalize/experiment.js";
import { type Fit, fitOf } from "./fit.js";
import { asFailure, misfits } from "./misfit.js";
import { asFloats, type Tensor } from "./numbers.js";
import { transposed } from "./transpose.js";
import type { WeightsFile } from "./weights-file.js";

/** @throws Failed naming every misfit. The auxiliary head of a network that has none is left out. */
export const load = (
  from: WeightsFile,
  variables: readonly Ops["variable"][],
  model: Model,
  only: "all" | "backbone" = "all",
): ReadonlyMap<string, Tensor> => readFitting(from, wholeFit(from, variables, model, only));

/** What of the file belongs where, before any number is read. @throws Failed as `load` does. */
export const wholeFit = (
  from: WeightsFile,
  variables: readonly Ops["variable"][],
  model: Model,
  only: "all" | "backbone",
): Fit => {
  const found = fitOf(from, variables, model, only);
  const wrong = misfits(found, model).filter(({ severity }) => severity === "error");
  if (wrong.length > 0) throw new Failed(asFailure(from.file, wrong));
  return found;
};

/** What fits, in our order of axes. */
export const readFitting = (from: WeightsFile, { fits, map }: Fit): ReadonlyMap<string, Tensor> =>
  new Map(
    fits.map(({ variable: { name, shape }, name: theirs }): [string, Tensor] => {
      const tensor = from.read(theirs);
      const data = asFloats(tensor, from.file, theirs);
      const isKernel = shape.length === 4 && map.kernels === "OIHW";
      return [name, isKernel ? transposed({ ...tensor, data }, [2, 3, 1, 0]) : { shape, data }];
    }),
  );
