/** What an export says of itself: as data, which lie in it or beside it as `pspc.json`, and as a card with the metadata that model hubs read. */

import { basename, join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import type { TypeOf } from "io-ts";
import type { Failure } from "../diagnostic/failure.js";
import { product } from "../graph/type.js";
import { anything } from "../language/map.js";
import { closed } from "../language/section.js";
import { choice, flag, integer, list, oneOf, tuple } from "../language/value.js";
import type { Experiment } from "../normalize/experiment.js";
import { answers, looks } from "../plan/inference.js";
import type { Program } from "../plan/program.js";
import { networkVariables } from "../weights/fit.js";
import { type Check, NOISE } from "./checked.js";
import { nullable, readJson, words } from "./codec.js";
import { type Evaluation, readEvaluations } from "./evaluation.js";
import { pictureReading, rgb } from "./experiment.js";
import type { ExportRequest } from "./export.js";
import { noExport } from "./export-errors.js";

const side = integer({ min: 1 });

const exportRecord = closed(
  "the export",
  {
    pspc: words,
    command: words,
    classes: list("class names", words, { min: 1, max: 65535 }),
    palette: list("colours", rgb),
    /** What the network looks at. */
    size: tuple(2, "sizes", side),
    /** Whether pictures of other sizes are scaled in the graph. */
    any_size: flag,
    /** Pictures a call. */
    batch: oneOf(choice("any"), side),
    look: choice(...looks),
    /** How a file becomes the bytes, where its format does not say it. */
    images: nullable(pictureReading),
    give: list("answers", choice(...answers)),
    numbers: choice("f32", "f16", "u8"),
    /** Whether layers have other forms than their definition. */
    forms: flag,
    /** The network takes bytes, and does this by itself. */
    preprocessing: anything,
    align_corners: anything,
    fingerprint: anything,
    /** What the file of weights says of itself. */
    weights: anything,
  },
  { checked: anything },
);

export type ExportRecord = Readonly<TypeOf<typeof exportRecord>>;

export const RECORD = "pspc.json";

/** What the folder of an export says. */
export const readExportRecord = (folder: string): E.Either<Failure, ExportRecord> =>
  E.chain((record: ExportRecord | null) =>
    record === null ? E.left(noExport(folder, `it holds no ${RECORD}`)) : E.right(record),
  )(readJson(join(folder, RECORD), exportRecord));

export const modelCard = async (
  request: ExportRequest,
  record: ExportRecord,
  check: Check,
): Promise<string> => {
  const { program, format, to } = request;
  const { experiment } = program;
  const evaluations = await evaluationsOf(request);
  const name = basename(to);
  return `${hubMetadata(name, request, evaluations)}
# ${name}: ${format.name} of a PSPNet with ${record.classes.length} classes

Written by pspc ${record.pspc}: ${networkText(experiment)}, stored as ${record.numbers}.

${borderTable(request, record)}

## Classes
${record.classes.map((each, i) => `${i}. ${each}`).join("\n")}

## Data
${dataText(program)}

## Scores
${evaluations.length === 0 ? "None were kept with these weights." : scoresTable(evaluations)}

## Checked
${checkText(check)}

## Limits
${limitsText(record, experiment)}

## Again
\`\`\`sh
${record.command}
\`\`\`
Fingerprints: graph ${program.fingerprint.graph}, data ${program.fingerprint.data}, program ${program.fingerprint.program}.
`;
};

/** What it is, in a sentence, with its best score on pictures that it did not learn from. */
export const summary = async (request: ExportRequest): Promise<string> => {
  const { experiment } = request.program;
  const what = `A PSPNet that tells ${experiment.data.classes.length} classes apart.`;
  const [best] = (await evaluationsOf(request))
    .filter(({ split, miou }) => split !== "train" && miou !== null)
    .sort((a, b) => (b.miou ?? 0) - (a.miou ?? 0));
  return best === undefined
    ? what
    : `${what} mIoU ${share(best.miou)} on ${best.images} pictures of ${best.split}.`;
};

/** Scores are those that the run's folder holds; weights of a file have none. */
const evaluationsOf = async (request: ExportRequest): Promise<readonly Evaluation[]> =>
  "folder" in request
    ? (await readEvaluations(request.folder, request.program.experiment)).evaluations
    : [];

/** JSON's texts are YAML's, too. */
const text = (value: string): string => JSON.stringify(value);

const tags: Readonly<Record<string, string>> = {
  ".tfjs": "tfjs",
  ".savedmodel": "tensorflow",
};

/** The front matter of model hubs; a licence is the owner's to add. */
const hubMetadata = (
  name: string,
  { format, program }: ExportRequest,
  evaluations: readonly Evaluation[],
): string => {
  const tag = tags[format.ending] ?? format.ending.slice(1);
  const head = [
    "pipeline_tag: image-segmentation",
    `tags: [semantic-segmentation, image-segmentation, pspnet, pspc, ${tag}]`,
  ];
  const dataset = dataName(program.experiment);
  const results = evaluations.flatMap(({ split, miou, pixel_accuracy, evaluate }) => [
    "  - task: {type: image-segmentation}",
    `    dataset: {type: ${text(dataset)}, name: ${text(dataset)}, split: ${split}}`,
    "    metrics:",
    ...[
      ["mean_iou", `mIoU, ${protocolText(evaluate)}`, miou] as const,
      ["pixel_accuracy", `pixel accuracy, ${protocolText(evaluate)}`, pixel_accuracy] as const,
    ].map(
      ([type, title, value]) =>
        `    - {type: ${type}, name: ${text(title)}, value: ${value === null ? "null" : (100 * value).toFixed(2)}}`,
    ),
  ]);
  const index =
    results.length === 0 ? [] : ["model-index:", `- name: ${text(name)}`, "  results:", ...results];
  return ["---", ...head, ...index, "---"].join("\n");
};

/** Where the data lie is nobody's business; what their folder is called says which they are. */
const dataName = ({ data }: Experiment): string => basename(data.root);

const networkText = (experiment: Experiment): string => {
  const { backbone, pyramid } = experiment.model;
  const { block, blocks, width } = backbone;
  const parameters = networkVariables(experiment, "infer").reduce(
    (total, { shape }) => total + product(shape),
    0,
  );
  const pooling =
    pyramid === null ? "no pyramid" : `${pyramid.pool} pyramid with bins ${pyramid.bins.join(" ")}`;
  return `${block} blocks ${blocks.join(" ")} of width ${width}, ${pooling}, ${parameters.toLocaleString("en")} numbers with the statistics of its norms`;
};

const borderTable = (
  { format }: ExportRequest,
  { batch, any_size, size: [height, width], give, classes }: ExportRecord,
): string => {
  const sizes = [batch === "any" ? "N" : batch, ...(any_size ? ["H", "W"] : [height, width])];
  const shape = (...more: readonly number[]): string => `\`[${[...sizes, ...more].join(", ")}]\``;
  return [
    "| | name | type | shape |",
    "| --- | --- | --- | --- |",
    `| in | \`images\` | ${format.image}, RGB from 0 to 255; mean and std are in the graph | ${shape(3)} |`,
    ...give.map((name) =>
      name === "classes"
        ? `| out | \`classes\` | i32, an index of the list below | ${shape()} |`
        : `| out | \`${name}\` | f32 | ${shape(classes.length)} |`,
    ),
  ].join("\n");
};

const dataText = ({ experiment }: Program): string => {
  const { crop, iterations, batch } = experiment.train;
  return `Trained on \`${dataName(experiment)}\`: ${iterations} steps of ${batch} crops of ${crop.join("×")}.`;
};

const share = (value: number | null): string => (value === null ? "–" : (100 * value).toFixed(1));

const protocolText = ({ mode, scales, mirror }: Evaluation["evaluate"]): string =>
  `${mode}, scales ${scales.join(" ")}${mirror ? ", mirrored" : ""}`;

/** The protocol belongs to a score: the same weights have others on other scales. */
const scoresTable = (evaluations: readonly Evaluation[]): string =>
  [
    "| split | pictures | mIoU | pixel accuracy | protocol |",
    "| --- | --: | --: | --: | --- |",
    ...evaluations.map(
      ({ split, images, miou, pixel_accuracy, evaluate }) =>
        `| ${split} | ${images} | ${share(miou)} | ${share(pixel_accuracy)} | ${protocolText(evaluate)} |`,
    ),
  ].join("\n");

const checkText = (check: Check): string => {
  if ("unchecked" in check) return `Not checked: ${check.unchecked}.`;
  const { runtime, pictures, classes, logits, probabilities } = check;
  const far = [
    ...(logits === null ? [] : [`, logits within ${logits.toExponential(1)} of the largest`]),
    ...(probabilities === null ? [] : [`, probabilities within ${probabilities.toExponential(1)}`]),
  ].join("");
  const isNoise = pictures.every((name) => name === NOISE);
  return `${runtime} against pspc's own scores on two pictures${isNoise ? ", both of noise" : ", one of the data and one of noise"}: ${share(classes)} % of the classes equal${far}.`;
};

const limitsText = (
  { any_size, size, batch, look }: ExportRecord,
  { evaluate }: Experiment,
): string => {
  const sides = size.join("×");
  return [
    any_size
      ? `Pictures of any size: they are scaled to ${sides}, what the network looks at, and its answers back.`
      : `Pictures of ${sides}: scale them before, or export another size.`,
    batch === 1 ? "One picture a call." : "Any number of pictures a call.",
    look === "evaluated"
      ? `It looks as its evaluation does: ${protocolText(evaluate)}.`
      : "One look at the whole picture: scales, mirror and windows of an evaluation are not in it.",
    "It knows the classes above and nothing else, in pictures like those of its training.",
  ].join(" ");
};
