/** Files of weights that the examples of errors name: their headers, made from networks, without any numbers. */

import * as E from "fp-ts/lib/Either.js";
import { type Failure, failure } from "../../src/diagnostic/failure.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import type { Headers } from "../../src/weights/check.js";
import { networkVariables, skeletonOf } from "../../src/weights/fit.js";
import { nameMaps } from "../../src/weights/name-maps.js";
import { theirName } from "../../src/weights/names.js";
import type { Header } from "../../src/weights/file.js";
import { pspnet } from "../oracle/experiment.js";

/** What a program would save of this network, under its names. */
export const headerOf = (file: string, names: string, { model, ...rest }: Experiment): Header => {
  const map = nameMaps.find(({ name }) => name === names)!;
  const tensors = networkVariables({ model, ...rest }, "train").flatMap(({ site, shape }) => {
    const theirs = theirName(site, map, skeletonOf(model));
    const [h, w, from, to] = shape;
    const lies = shape.length === 4 && map.kernels === "OIHW" ? [to!, from!, h!, w!] : shape;
    return theirs === null ? [] : [[theirs, { dtype: "F32", shape: lies }] as const];
  });
  return { file, format: "PyTorch", tensors: new Map(tensors), beside: [] };
};

const blocks = [3, 4, 6, 3] as const;
const conv7 = { stem: { kind: "conv7", channels: 64 } } as const;

const samples = (): Headers =>
  new Map<string, E.Either<Failure, Header>>([
    ["torn.pth", E.left(failure("torn.pth is no intact archive", "it has no directory at its end", "Restore it from where it came from; a file that was cut short cannot be mended."))],
    ["resnet50.pth", E.right(headerOf("resnet50.pth", "torchvision", pspnet(blocks, 3, { backbone: conv7 })))],
    ["resnet50-deep.pth", E.right(headerOf("resnet50-deep.pth", "torchvision", pspnet(blocks, 3)))],
    ["pspnet50-ade20k.pth", E.right(headerOf("pspnet50-ade20k.pth", "semseg", pspnet(blocks, 150)))],
    ["pspnet50.pth", E.right(headerOf("pspnet50.pth", "semseg", pspnet(blocks, 3)))],
    ["resnet101.pth", E.right(headerOf("resnet101.pth", "torchvision", pspnet([3, 4, 23, 3], 3)))],
  ]);

let made: Headers | undefined;

/** Beside the specs, which lie in /project. */
export const sampleHeaders = (files: ReadonlySet<string>): Headers => {
  if (files.size === 0) return new Map();
  made ??= new Map([...samples()].map(([file, header]) => [`/project/${file}`, header]));
  return made;
};
