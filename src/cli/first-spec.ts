/** What is known of a dataset enters; a commented spec to begin with leaves. */

import { rgb } from "../language/dataset.js";
import { datasetOf, mapNamed, usualMap } from "../language/datasets.js";
import type { SplitName } from "../normalize/experiment.js";
import { count } from "../report/number.js";
import type { Survey } from "./survey.js";

/** By convention (VOC, Cityscapes, ADE20K) not a class. */
const VOID = 255;

const BATCH = 8;
const EPOCHS = 50;

type Line = readonly [line: string, comment?: string];

/** `root` and `schema` are as they shall stand in the spec. */
export const firstSpec = (root: string, schema: string, found: Survey): string => {
  const { layout, splits, images, height, width } = found;
  const train = images.train ?? 0;
  const batch = Math.max(1, Math.min(BATCH, train));
  const iterations = EPOCHS * Math.max(1, Math.floor(train / batch));
  const lines: readonly Line[] = [
    [`# yaml-language-server: $schema=${schema}`],
    ["pspc: 1"],
    ["data:"],
    ...(layout === "list" ? [] : [[`  layout: ${layout}`] as const]),
    [`  root: ${JSON.stringify(root)}`],
    ...(["train", "val", "test"] as const).flatMap((split): readonly Line[] => {
      const name = splits[split];
      const n = images[split] ?? 0;
      return name === undefined
        ? []
        : [[`  ${split}: ${nameOf(name)}`, `${count(n)} ${n === 1 ? "image" : "images"}`]];
    }),
    ...(splits.val === undefined && splits.test === undefined
      ? [["  # Name a val split, too: scores on what was learnt from tell little."] as const]
      : []),
    ...labelLines(found),
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
    ["  fcn: {model.pyramid: none}", "what is the pyramid worth here? `pspc compare` tells"],
    ["  pspnet: {}", "the spec as it stands"],
    [""],
  ];
  return lines
    .map(([line, comment]) => (comment === undefined ? line : `${line.padEnd(33)} # ${comment}`))
    .join("\n");
};

const nameOf = (name: SplitName): string => {
  if (typeof name === "string") return name;
  const suffix = name.suffix === "" ? "" : `, suffix: ${JSON.stringify(name.suffix)}`;
  return `{images: ${JSON.stringify(name.images)}, labels: ${JSON.stringify(name.labels)}${suffix}}`;
};

const labelLines = (found: Survey): readonly Line[] => {
  const { layout, values, format, looked } = found;
  const dataset = datasetOf(layout);
  if (dataset !== undefined && format === "index") {
    const { map } = mapNamed(usualMap(dataset));
    if (values.every((value) => map.has(value)))
      return [
        [
          `  # The ${dataset.classes.length} classes are ${dataset.title}'s; \`pspc show\` names them.`,
        ],
      ];
  }
  const labels = `${looked} ${looked === 1 ? "label holds" : "labels hold"}`;
  const named = format === "colour" ? colours(values) : indices(values);
  const listed = format === "colour" ? `${values.length} colours` : `the values ${shown(values)}`;
  return [[`  # ${labels} ${listed}; name the classes in their order.`], ...named];
};

const shown = (values: readonly number[]): string =>
  values.length <= 24
    ? values.join(", ")
    : `${values.slice(0, 20).join(", ")} … ${values.at(-1)} (${values.length} of them)`;

const indices = (values: readonly number[]): readonly Line[] => {
  const classes = values.filter((value) => value !== VOID);
  const last = Math.max(1, ...classes);
  if (values.length === 2 && values[0] === 0 && values[1] === VOID)
    return [
      ["  classes: [background, foreground]"],
      ["  labels: {0: background, 255: foreground}"],
    ];
  if (last + 1 <= Math.max(2 * classes.length, 8) && last < VOID)
    return [
      [`  classes: [${Array.from({ length: last + 1 }, (_, i) => `class${i}`).join(", ")}]`],
      // A layout of a dataset has a map of its own, which these labels do not follow.
      ["  labels: {first: 0}"],
      ...(values.includes(VOID) ? [[`  ignore: ${VOID}`] as const] : []),
    ];
  return [
    [`  classes: [${classes.map((value) => `class${value}`).join(", ")}]`],
    [`  labels: {${classes.map((value) => `${value}: class${value}`).join(", ")}}`],
  ];
};

const colours = (values: readonly number[]): readonly Line[] => [
  [`  classes: [${values.map((_, i) => `class${i}`).join(", ")}]`],
  ["  labels:", "a colour that counts for nothing is called `ignore`"],
  ["    colours:"],
  ...values.map((value, i): Line => [`      class${i}: [${rgb(value).join(", ")}]`]),
];

/** The largest crop that suits output stride 8 and the paper's bins, in the image and not above the paper's 473. */
const cropIn = (side: number): number => {
  const k = Math.floor(((Math.min(side, 473) - 1) / 8 + 1) / 6);
  return 8 * (6 * Math.max(1, k) - 1) + 1;
};
