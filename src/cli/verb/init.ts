/** `init`: looks at a dataset folder, and writes a commented spec to begin with. */

import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { command, positional, string } from "cmd-ts";
import { spread } from "../../data/browse.js";
import type { CheckedLabel } from "../../data/check.js";
import { type FactStore, isFailure, labelFacts, openFacts } from "../../data/facts.js";
import { areSmoothed, mixedPalettes } from "../../data/findings.js";
import { imageSize } from "../../data/image.js";
import { openSplit, type Split } from "../../data/layout.js";
import { type Recognised, recognise } from "../../data/recognise.js";
import type { Sample } from "../../data/sample.js";
import { writeFileAtomic } from "../../data/write.js";
import { Failed } from "../../diagnostic/failure.js";
import { rgb } from "../../language/dataset.js";
import { datasetOf, mapNamed, usualMap } from "../../language/datasets.js";
import { VOID } from "../../language/labels.js";
import type { SplitName } from "../../normalize/experiment.js";
import { count } from "../../report/format.js";
import { textOption } from "../arguments.js";
import { noDataFolder, noLayout, specExists, tooManyValues } from "../errors.js";
import { exit } from "../exit.js";
import { print } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "init",
    description:
      "Recognises a dataset folder (lists, VOC, Cityscapes, ADE20K, two folders); writes a spec.",
    args: {
      folder: positional({ type: string, displayName: "FOLDER" }),
      out: textOption("out", "FILE", "where the spec goes; it is printed otherwise"),
    },
    handler: async ({ folder, out }) => {
      const root = resolve(folder);
      const file = out === undefined ? undefined : resolve(out);
      if (file !== undefined && existsSync(file)) throw new Failed(specExists(file));
      const found = await survey(root);
      const base = file === undefined ? process.cwd() : dirname(file);
      const schema = fileURLToPath(new URL("../../../schema/pspc.schema.json", import.meta.url));
      const text = firstSpec(relative(base, found.root) || ".", relative(base, schema), found);
      if (file === undefined || out === undefined) print(terminal, text);
      else {
        await writeFileAtomic(file, text);
        print(terminal, out);
      }
      return exit.ok;
    },
  }),
);

export interface Survey extends Recognised {
  /** Images of each split. */
  readonly images: Readonly<Partial<Record<Split, number>>>;
  /** Least sides among the images that were looked at. */
  readonly height: number;
  readonly width: number;
  /** What a pixel of the labels is. */
  readonly format: "index" | "colour";
  /** Values or colours that occur in the labels that were looked at; values ascend. */
  readonly values: readonly number[];
  /** Whether masks of 0 and 255 hold values between along their edges; `values` leaves these out. */
  readonly smoothed: boolean;
  readonly looked: number;
}

/** Labels tell their values soon: this many are looked at, spread over the split. */
const ENOUGH = 100;

/** Classes, and as many values again to ignore. */
const MOST = 512;

/** @throws Failed where no layout is recognised, or a file of it is wrong. */
export const survey = async (folder: string): Promise<Survey> => {
  if (!existsSync(folder)) throw new Failed(noDataFolder(folder));
  const found = await recognise(folder);
  if (found === null) throw new Failed(noLayout(folder));
  const { layout, root, splits } = found;
  const place = { train: "", val: null, test: null, ...splits, layout, root, label_map: null };
  const counted: Partial<Record<Split, number>> = {};
  for (const split of ["train", "val", "test"] as const)
    if (splits[split] !== undefined) counted[split] = (await openSplit(place, split)).length;
  const samples = await openSplit(place, "train");
  const some = spread(samples.length, ENOUGH).flatMap((index) => samples[index] ?? []);
  const sizes = await Promise.all(some.map(({ image }) => imageSize(image)));
  return {
    ...found,
    images: counted,
    height: Math.min(...sizes.map(({ height }) => height)),
    width: Math.min(...sizes.map(({ width }) => width)),
    ...(await valuesIn(root, some)),
    looked: some.length,
  };
};

/** Labels are indices if the first is, and their palettes agree; else all of them are read as colours. */
const valuesIn = async (
  root: string,
  samples: readonly Sample[],
): Promise<Pick<Survey, "format" | "values" | "smoothed">> => {
  const store = await openFacts(root);
  const indices = await labelsAs("index", samples, store);
  const asIndices = indices !== null && mixedPalettes(indices) === null;
  const format = asIndices ? "index" : "colour";
  const labels = asIndices ? indices : await labelsAs("colour", samples, store);
  await store.save();
  if (asIndices && areSmoothed(indices)) return { format, values: [0, VOID], smoothed: true };
  const seen = new Set<number>();
  for (const { path, values } of labels ?? []) {
    for (const [value] of values) seen.add(value);
    if (seen.size > MOST) throw new Failed(tooManyValues(path, MOST));
  }
  return { format, values: [...seen].sort((a, b) => a - b), smoothed: false };
};

/** What the labels hold; `null` where the first holds colours and indices were asked for. @throws Failed for others. */
const labelsAs = async (
  format: Survey["format"],
  samples: readonly Sample[],
  store: FactStore,
): Promise<readonly CheckedLabel[] | null> => {
  const labels: CheckedLabel[] = [];
  for (const { label: path } of samples) {
    const facts = await store.of(path, format, labelFacts(format));
    if (!isFailure(facts)) labels.push({ ...facts, path });
    else if (format === "index" && labels.length === 0) return null;
    else throw new Failed(facts.failure);
  }
  return labels;
};

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
  const { layout, values, format, looked, smoothed } = found;
  if (smoothed)
    return [
      [
        `  # ${looked} ${looked === 1 ? "mask holds" : "masks hold"} 0, 255 and, along smoothed edges, what lies between.`,
      ],
      ["  classes: [background, foreground]"],
      ["  labels: {0..127: background, 128..255: foreground}", "where to cut"],
    ];
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
