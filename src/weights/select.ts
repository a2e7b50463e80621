/** The tensors of a file and the variables of a network enter; the variables' values leave, or what does not fit. */

import { Failed } from "../diagnostic/failure.js";
import { isNetwork, type Ops } from "../graph/op.js";
import { sameShape } from "../graph/type.js";
import { holdsOtherShapes, lacksTensors } from "./errors.js";
import type { Tensor } from "./numbers.js";

type Variable = Ops["variable"];
type Wanted = Pick<Variable, "name" | "shape">;

/** Of a network's variables those that a file of weights is to fill. */
export const taken = (
  variables: readonly Variable[],
  only: "all" | "backbone",
): readonly Variable[] =>
  variables.filter((each) => isNetwork(each) && (only === "all" || each.group === "backbone"));

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
