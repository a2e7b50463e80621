/** `init`: looks at a dataset folder, and writes a commented spec to begin with. */

import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { command, positional, string } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import type { Split } from "../../data/layout.js";
import type { Sample } from "../../data/sample.js";
import { writeFileAtomic } from "../../data/write.js";
import { Failed } from "../../diagnostic/failure.js";
import type { Layout } from "../../language/data.js";
import { rgb } from "../../language/dataset.js";
import { datasetOf, mapNamed, usualMap } from "../../language/datasets.js";
import { VOID } from "../../language/labels.js";
import type { Share, SplitName } from "../../normalize/experiment.js";
import { show } from "../../normalize/show.js";
import { count } from "../../report/format.js";
import { textOption } from "../arguments.js";
import { exit, Rejected } from "../exit.js";
import { checked } from "../read.js";
import { type Survey, survey } from "../survey.js";
import { print, tell } from "../terminal.js";
import { verb } from "../verb.js";
import { pairsNeedLists, specExists } from "./errors.js";
import { specNamed } from "./zoo.js";

export const run = verb((terminal) =>
  command({
    name: "init",
    description:
      "Recognises a dataset folder (lists, datasets of a name, two folders); writes a spec.",
    args: {
      folder: positional({ type: string, displayName: "FOLDER" }),
      out: textOption("out", "FILE", "where the spec goes; it is printed otherwise"),
      like: textOption("like", "NAME", "model and training of a published network: pspc zoo"),
    },
    handler: async ({ folder, out, like }) => {
      const network = like === undefined ? null : await likeNetwork(like);
      const root = resolve(folder);
      const file = out === undefined ? undefined : resolve(out);
      if (file !== undefined && existsSync(file)) throw new Failed(specExists(file));
      const found = await survey(root);
      if (file === undefined && found.pairs !== undefined) throw new Failed(pairsNeedLists(root));
      const base = file === undefined ? process.cwd() : dirname(file);
      const schema = fileURLToPath(new URL("../../../schema/pspc.schema.json", import.meta.url));
      const lists = file === undefined ? new Map<Split, string>() : listsOf(file, found);
      for (const [split, list] of lists)
        await writeFileAtomic(list, pairLines(found.root, found.pairs?.[split] ?? []));
      const listed = Object.fromEntries(
        [...lists].map(([split, list]) => [split, relative(found.root, list)]),
      );
      const named = { ...found, splits: { ...found.splits, ...listed } };
      const text = firstSpec(
        relative(base, found.root) || ".",
        relative(base, schema),
        named,
        network,
      );
      if (file === undefined || out === undefined) print(terminal, text);
      else {
        await writeFileAtomic(file, text);
        print(terminal, out);
      }
      for (const [, list] of lists)
        tell(terminal, `the pairs that names tell are in ${relative(process.cwd(), list)}`);
      if (found.alone > 0)
        tell(
          terminal,
          `${count(found.alone)} ${found.alone === 1 ? "file has" : "files have"} no partner: \`pspc data check ${out ?? "SPEC"}\` names them`,
        );
      return exit.ok;
    },
  }),
);

/** A list for each split of pairs, beside the spec. @throws Failed where one is there. */
const listsOf = (file: string, { pairs = {} }: Survey): ReadonlyMap<Split, string> => {
  const stem = file.replace(/\.\w+$/, "");
  const splits = (["train", "val", "test"] as const).filter((split) => pairs[split] !== undefined);
  const lists = new Map(splits.map((split) => [split, `${stem}.${split}.txt`] as const));
  for (const list of lists.values()) if (existsSync(list)) throw new Failed(specExists(list));
  return lists;
};

const pairLines = (root: string, pairs: readonly Sample[]): string =>
  pairs.map(({ image, label }) => `${relative(root, image)}\t${relative(root, label)}\n`).join("");

const BATCH = 8;
const EPOCHS = 50;

type Line = readonly [line: string, comment?: string];

/** `root` and `schema` are as they shall stand in the spec. */
export const firstSpec = (
  root: string,
  schema: string,
  found: Survey,
  network: readonly Line[] | null = null,
): string => {
  const { layout, splits, images, height, width, heldOut } = found;
  const train = Math.ceil((images.train ?? 0) * (heldOut === null ? 1 : 1 - heldOut.share));
  const batch = Math.max(1, Math.min(BATCH, train));
  const iterations = EPOCHS * Math.max(1, Math.floor(train / batch));
  const lines: readonly Line[] = [
    [`# yaml-language-server: $schema=${schema}`],
    ["pspc: 1"],
    ["data:"],
    ...(layout === "list" ? [] : [layoutLine(layout)]),
    [`  root: ${JSON.stringify(root)}`],
    ...(["train", "val", "test"] as const).flatMap((split): readonly Line[] => {
      const name = splits[split];
      const n = images[split] ?? 0;
      return name === undefined
        ? []
        : [[`  ${split}: ${nameOf(name)}`, `${count(n)} ${n === 1 ? "image" : "images"}`]];
    }),
    ...(heldOut === null ? [] : heldOutLines(heldOut)),
    ...(found.alone === 0
      ? []
      : [
          [`  # ${count(found.alone)} without a partner: \`pspc data check\` names them.`] as const,
        ]),
    ...labelLines(found),
    ...(network ??
      ([
        ["model:", "`pspc show` tells what is not written here"],
        ["  backbone: {resnet: 18}", "18 34 50 101 152 269; the paper's is 50 and deeper"],
        ["  pyramid: {bins: [1, 2, 3, 6]}"],
        ["train:"],
        [`  iterations: ${iterations}`, `${EPOCHS} epochs`],
        [`  batch: ${batch}`],
        [`  crop: ${cropIn(Math.min(height, width))}`, "8·(6k−1)+1: the bins divide the features"],
        ["  multipliers: {new: 1}", "10 where the backbone starts from trained weights"],
        ["  augment: [mirror, {scale: [0.5, 2]}]"],
      ] satisfies readonly Line[])),
    ["variants:"],
    ["  fcn: {model.pyramid: none}", "what is the pyramid worth here? `pspc compare` tells"],
    ["  pspnet: {}", "the spec as it stands"],
    [""],
  ];
  return lines
    .map(([line, comment]) => (comment === undefined ? line : `${line.padEnd(33)} # ${comment}`))
    .join("\n");
};

/** Choices that a spec may write by their names alone, so that all that is decided of them is another's. */
const NAMED = /^(model\.backbone\.stem|train\.(optimizer|schedule|augment))\b/;

/** What the spec of a published network writes of model, training and scoring; its data are another's. */
const likeNetwork = async (name: string): Promise<readonly Line[]> => {
  const target = { entry: specNamed(name), variant: undefined };
  const check = await checked({ target, overrides: [], runCode: false, readsWeights: false });
  if (E.isLeft(check.result)) throw new Rejected(check, false);
  const resolved = check.result.right;
  const written = [...resolved.origins].filter(
    ([name, { path, origin }]) =>
      path[0] !== "data" && (origin.kind === "written" || NAMED.test(name)),
  );
  const [, ...lines] = show({ ...resolved, origins: new Map(written) }, check.sources)
    .trimEnd()
    .split("\n");
  const own = lines.map((line): Line => [line.replace(/ {2,}# .*$/, "")]);
  return [[`# As \`pspc zoo\` has ${name}.`], ...own];
};

const layoutLine = (layout: Layout): Line =>
  layout === "pascal-context"
    ? [`  layout: ${layout}`, "pascal-context-59 leaves the background out"]
    : [`  layout: ${layout}`];

const heldOutLines = ({ share, seed }: Share): readonly Line[] => [
  [
    `  val: ${seed === 0 ? share : `{share: ${share}, seed: ${seed}}`}`,
    "held out of train; of videos: {share: 0.2, together: '^(seq\\d+)_'}",
  ],
];

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
    const { map } = mapNamed(found.labels ?? usualMap(dataset));
    if (values.every((value) => map.has(value)))
      return [
        [
          `  # The ${dataset.classes.length} classes are ${dataset.title}'s; \`pspc show\` names them.`,
        ],
        ...(found.labels === undefined ? [] : [[`  labels: ${found.labels}`] as const]),
      ];
  }
  const labels = `${looked} ${looked === 1 ? "label holds" : "labels hold"}`;
  const nameOf = (value: number, i: number): string =>
    yamlWord(found.named?.names.get(value) ?? `class${format === "colour" ? i : value}`);
  const lines = format === "colour" ? colours(values, nameOf) : indices(values, nameOf);
  const listed = format === "colour" ? `${values.length} colours` : `the values ${shown(values)}`;
  const what =
    found.named === null
      ? `${labels} ${listed}; name the classes in their order.`
      : `${labels} ${listed}, with those that ${found.named.file} names.`;
  return [[`  # ${what}`], ...lines];
};

/** As it stands in a flow list or as a key; quoted where YAML might read something else. */
const yamlWord = (name: string): string =>
  /^\p{L}[\p{L}\p{N}_-]*( [\p{L}\p{N}_-]+)*$/u.test(name) &&
  !/^(true|false|null|yes|no)$/i.test(name)
    ? name
    : JSON.stringify(name);

type NameOf = (value: number, i: number) => string;

const shown = (values: readonly number[]): string =>
  values.length <= 24
    ? values.join(", ")
    : `${values.slice(0, 20).join(", ")} … ${values.at(-1)} (${values.length} of them)`;

const indices = (values: readonly number[], nameOf: NameOf): readonly Line[] => {
  const classes = values.filter((value) => value !== VOID);
  const last = Math.max(1, ...classes);
  if (`${values}` === `0,${VOID}`)
    return [
      ["  classes: [background, foreground]"],
      ["  labels: {0: background, 255: foreground}"],
    ];
  if (last + 1 <= Math.max(2 * classes.length, 8) && last < VOID)
    return [
      [`  classes: [${Array.from({ length: last + 1 }, (_, i) => nameOf(i, i)).join(", ")}]`],
      // A layout of a dataset has a map of its own, which these labels do not follow.
      ["  labels: {first: 0}"],
      ...(values.includes(VOID) ? [[`  ignore: ${VOID}`] as const] : []),
    ];
  return [
    [`  classes: [${classes.map(nameOf).join(", ")}]`],
    [`  labels: {${classes.map((value, i) => `${value}: ${nameOf(value, i)}`).join(", ")}}`],
  ];
};

const colours = (values: readonly number[], nameOf: NameOf): readonly Line[] => [
  [`  classes: [${values.map(nameOf).join(", ")}]`],
  ["  labels:", "a colour that counts for nothing is called `ignore`"],
  ["    colours:"],
  ...values.map((value, i): Line => [`      ${nameOf(value, i)}: [${rgb(value).join(", ")}]`]),
];

/** The largest crop that suits output stride 8 and the paper's bins, in the image and not above the paper's 473. */
const cropIn = (side: number): number => {
  const k = Math.floor(((Math.min(side, 473) - 1) / 8 + 1) / 6);
  return 8 * (6 * Math.max(1, k) - 1) + 1;
};
