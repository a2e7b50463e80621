/** Takes the values of a network's variables from a checkpoint, or from a file of any program. */

import { Failed } from "../diagnostic/failure.js";
import type { Ops } from "../graph/op.js";
import { sameShape } from "../graph/type.js";
import type { Model } from "../normalize/experiment.js";
import { asFailure, misfits } from "./check.js";
import { holdsOtherShapes, lacksTensors } from "./errors.js";
import type { WeightsFile } from "./file.js";
import { type Fit, fitOf } from "./fit.js";
import { asFloats, type Tensor, transposed } from "./tensor.js";

type Variable = Ops["variable"];
type Wanted = Pick<Variable, "name" | "shape">;

/** A training's tensors as its network is meant: each weight by its moving average, where one was kept. */
export const averaged = (tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
  new Map([...tensors].map(([name, tensor]) => [name, tensors.get(`${name}/average`) ?? tensor]));

/** What else the file holds (a training's auxiliary head) is left out. @throws Failed naming every misfit. */
export const select = (
  tensors: ReadonlyMap<string, Tensor>,
  variables: readonly Wanted[],
  file: string,
): Map<string, Tensor> => {
  const missing = variables.filter(({ name }) => !tensors.has(name));
  if (missing.length > 0)
    throw new Failed(
      lacksTensors(
        file,
        missing.map(({ name }) => name),
      ),
    );
  const found = variables.map(({ name, shape }) => ({ name, shape, tensor: tensors.get(name)! }));
  const other = found.filter(({ shape, tensor }) => !sameShape(shape, tensor.shape));
  if (other.length > 0)
    throw new Failed(
      holdsOtherShapes(
        file,
        other.map(
          ({ name, shape, tensor }) => `${name} is [${tensor.shape}], the network's is [${shape}]`,
        ),
      ),
    );
  return new Map(found.map(({ name, tensor }) => [name, tensor]));
};

/** @throws Failed naming every misfit. The auxiliary head of a network that has none is left out. */
export const load = (
  from: WeightsFile,
  variables: readonly Variable[],
  model: Model,
  only: "all" | "backbone" = "all",
): ReadonlyMap<string, Tensor> => readFitting(from, wholeFit(from, variables, model, only));

/** What of the file belongs where, before any number is read. @throws Failed as `load` does. */
export const wholeFit = (
  from: WeightsFile,
  variables: readonly Variable[],
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
