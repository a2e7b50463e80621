/** What is known of a dataset enters; a commented spec to begin with leaves. */

import { count } from "../report/number.js";
import type { Survey } from "./survey.js";

/** By convention (VOC, Cityscapes, ADE20K) not a class. */
const VOID = 255;

const BATCH = 8;
const EPOCHS = 50;

/** `root` and `schema` are as they shall stand in the spec. */
export const firstSpec = (root: string, schema: string, found: Survey): string => {
  const { splits, values, looked, height, width } = found;
  const classes = 1 + Math.max(1, ...values.filter((value) => value !== VOID));
  const names = Array.from({ length: classes }, (_, i) => `class${i}`).join(", ");
  const train = splits.train ?? 0;
  const batch = Math.max(1, Math.min(BATCH, train));
  const iterations = EPOCHS * Math.max(1, Math.floor(train / batch));
  const split = (name: "val" | "test"): readonly (readonly [string])[] =>
    splits[name] === undefined ? [] : [[`  ${name}: ${name}.txt`]];
  const lines: readonly (readonly [line: string, comment?: string])[] = [
    [`# yaml-language-server: $schema=${schema}`],
    ["pspc: 1"],
    ["data:"],
    [`  root: ${JSON.stringify(root)}`],
    ["  train: train.txt", `${count(train)} images`],
    ...split("val"),
    ...split("test"),
    [`  # ${looked} labels hold the values ${values.join(", ")}; name the classes in their order.`],
    [`  classes: [${names}]`],
    ...(values.includes(VOID) ? [[`  ignore: ${VOID}`] as const] : []),
    ["model:", "`pspc show` tells what is not written here"],
    ["  backbone: {resnet: 18}", "18 34 50 101 152 269; the paper's is 50 and deeper"],
    ["  pyramid: {bins: [1, 2, 3, 6]}"],
    ["train:"],
    [`  iterations: ${iterations}`, `${EPOCHS} epochs`],
    [`  batch: ${batch}`],
    [`  crop: ${cropIn(Math.min(height, width))}`, "8·(6k−1)+1: the bins divide the features"],
    ["  multipliers: {new: 1}", "10 where the backbone starts from trained weights"],
    ["  augment: [mirror, {scale: [0.5, 2]}]"],
    ["variants:"],
    ["  fcn: {model.pyramid: none}", "what is the pyramid worth here?"],
    [""],
  ];
  return lines
    .map(([line, comment]) => (comment === undefined ? line : `${line.padEnd(34)}# ${comment}`))
    .join("\n");
};

/** The largest crop that suits output stride 8 and the paper's bins, in the image and not above the paper's 473. */
const cropIn = (side: number): number => {
  const k = Math.floor(((Math.min(side, 473) - 1) / 8 + 1) / 6);
  return 8 * (6 * Math.max(1, k) - 1) + 1;
};
