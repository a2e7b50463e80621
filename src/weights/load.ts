/** Takes the values of a network's variables from a checkpoint, or from a file of any program. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { Ops } from "../graph/op.js";
import { sameShape } from "../graph/type.js";
import type { Model } from "../normalize/experiment.js";
import { asFailure, misfits } from "./check.js";
import { holdsOtherShapes, inexact, lacksTensors } from "./errors.js";
import type { Read, WeightsFile } from "./file.js";
import { type Asked, type Fit, fitOf, WHOLE } from "./fit.js";
import { asFloats, type Tensor, transposed } from "./tensor.js";

type Variable = Ops["variable"];
type Wanted = Pick<Variable, "name" | "shape">;

/** The moving average of a weight, where one is kept. */
export const averageOf = (name: string): string => `${name}/average`;

/** A training's tensors as its network is meant: each weight by its moving average, where one was kept. */
export const averaged = (tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> =>
  new Map([...tensors].map(([name, tensor]) => [name, tensors.get(averageOf(name)) ?? tensor]));

/** The tensors of `variables`, or every misfit. What else there is (a training's auxiliary head) is left out. */
export const select = (
  tensors: ReadonlyMap<string, Tensor>,
  variables: readonly Wanted[],
  file: string,
): Read<Map<string, Tensor>> => {
  const chosen = new Map<string, Tensor>();
  const missing: string[] = [];
  const other: string[] = [];
  for (const { name, shape } of variables) {
    const tensor = tensors.get(name);
    if (tensor === undefined) missing.push(name);
    else if (!sameShape(shape, tensor.shape))
      other.push(`${name} is [${tensor.shape}], the network's is [${shape}]`);
    else chosen.set(name, tensor);
  }
  if (missing.length > 0) return E.left(lacksTensors(file, missing));
  return other.length > 0 ? E.left(holdsOtherShapes(file, other)) : E.right(chosen);
};

/** The values of a network's variables from a file of any program, or every misfit. */
export const load = (
  from: WeightsFile,
  variables: readonly Variable[],
  model: Model,
  asked: Asked = WHOLE,
): Read<ReadonlyMap<string, Tensor>> =>
  pipe(
    wholeFit(from, variables, model, asked),
    E.flatMap((fit) => readFitting(from, fit)),
  );

/** What of the file belongs where, before any number is read, or every misfit. */
export const wholeFit = (
  from: WeightsFile,
  variables: readonly Variable[],
  model: Model,
  asked: Asked,
): Read<Fit> => {
  const found = fitOf(from, variables, model, asked);
  const wrong = misfits(found, model).filter(({ severity }) => severity === "error");
  return wrong.length > 0 ? E.left(asFailure(from.file, wrong)) : E.right(found);
};

/** What fits, in our order of axes. */
export const readFitting = (
  from: WeightsFile,
  { fits, map }: Fit,
): Read<ReadonlyMap<string, Tensor>> => {
  const values = new Map<string, Tensor>();
  for (const { variable, name, bias } of fits) {
    const floats = floatsOf(from, name, bias);
    if (E.isLeft(floats)) return floats;
    const { shape } = variable;
    const isKernel = shape.length === 4 && map.kernels === "OIHW";
    const data = floats.right;
    values.set(variable.name, isKernel ? ourOrder(shape, data) : { shape, data });
  }
  return E.right(values);
};

/** A norm takes its mean off whatever a bias before it has added. */
const floatsOf = (from: WeightsFile, name: string, bias: string | null): Read<Float32Array> => {
  const floats = (of: string): Read<Float32Array> =>
    pipe(
      from.read(of),
      E.map(asFloats),
      E.flatMap(E.mapLeft((value) => inexact(from.file, of, value))),
    );
  if (bias === null) return floats(name);
  return pipe(
    E.Do,
    E.bind("mean", () => floats(name)),
    E.bind("added", () => floats(bias)),
    E.map(({ mean, added }) => mean.map((value, i) => value - (added[i] ?? 0))),
  );
};

/** Their [out, in, height, width] in our [height, width, in, out]. */
const ourOrder = (shape: readonly number[], data: Float32Array): Tensor => {
  const [height = 1, width = 1, from = 1, to = 1] = shape;
  return transposed({ shape: [to, from, height, width], data }, [2, 3, 1, 0]);
};
