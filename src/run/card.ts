/** The card of an exported network: a README with the metadata that model hubs read. */

import { product } from "../graph/type.js";
import { networkVariables } from "../weights/fit.js";
import type { Evaluation } from "./evaluation.js";
import { readEvaluations } from "./evaluation.js";
import type { Check, ExportRequest } from "./export.js";
import { version } from "./record.js";

/** Scores are those that the run's folder holds; weights of a file have none. */
export const modelCard = async (
  request: ExportRequest,
  check: Check,
  run: string | null,
): Promise<string> => {
  const { program, format, size, give, precision, command } = request;
  const { experiment, fingerprint } = program;
  const { data, model } = experiment;
  const parameters = networkVariables(experiment, "infer").reduce(
    (total, { shape }) => total + product(shape),
    0,
  );
  const evaluations = run === null ? [] : (await readEvaluations(run, experiment)).evaluations;
  const { block, blocks, width } = model.backbone;
  const c = data.classes.length;
  return `---
pipeline_tag: image-segmentation
tags: [semantic-segmentation, pspnet, pspc]
---

# ${format.name} of a PSPNet with ${c} classes

Written by pspc ${version}: ${block} blocks ${blocks.join(" ")} of width ${width}, ${pyramidText(model.pyramid)}, ${parameters.toLocaleString("en")} numbers with the statistics of its norms, stored as ${precision}.

| | name | type | shape |
| --- | --- | --- | --- |
| in | \`images\` | ${format.image}, RGB from 0 to 255; scaling is in the graph | \`[1, ${size.height}, ${size.width}, 3]\` |
${give
  .map(
    (name) =>
      `| out | \`${name}\` | ${name === "classes" ? "i32, an index of the list below" : "f32"} | \`[1, ${size.height}, ${size.width}${name === "classes" ? "" : `, ${c}`}]\` |`,
  )
  .join("\n")}

## Classes
${data.classes.map((name, i) => `${i}. ${name}`).join("\n")}

## Scores
${evaluations.length === 0 ? "None were kept with these weights." : scoresTable(evaluations)}

## Checked
${checkText(check)}

## Limits
Pictures of ${size.height}×${size.width}, one a call: scale them before, or export another size. One look at the whole picture; scales, mirror and windows of an evaluation are not in it. It knows the classes above and nothing else, in pictures like those of its training.

## Again
\`\`\`sh
${command}
\`\`\`
Fingerprints: graph ${fingerprint.graph}, data ${fingerprint.data}, program ${fingerprint.program}.
`;
};

const pyramidText = (
  pyramid: ExportRequest["program"]["experiment"]["model"]["pyramid"],
): string =>
  pyramid === null ? "no pyramid" : `${pyramid.pool} pyramid with bins ${pyramid.bins.join(" ")}`;

const share = (value: number | null): string => (value === null ? "–" : (100 * value).toFixed(1));

/** The protocol belongs to a score: the same weights have others on other scales. */
const scoresTable = (evaluations: readonly Evaluation[]): string =>
  [
    "| split | pictures | mIoU | pixel accuracy | protocol |",
    "| --- | --: | --: | --: | --- |",
    ...evaluations.map(({ split, images, miou, pixel_accuracy, evaluate }) => {
      const { mode, scales, mirror } = evaluate;
      const how = `${mode}, scales ${scales.join(" ")}${mirror ? ", mirrored" : ""}`;
      return `| ${split} | ${images} | ${share(miou)} | ${share(pixel_accuracy)} | ${how} |`;
    }),
  ].join("\n");

const checkText = (check: Check): string => {
  if ("unchecked" in check) return `Not checked: ${check.unchecked}.`;
  const { runtime, pictures, classes, logits } = check;
  const far = logits === null ? "" : `, logits within ${logits.toExponential(1)} of the largest`;
  const isNoise = pictures.every((name) => name === "noise");
  return `${runtime} against pspc's own logits on two pictures${isNoise ? ", both of noise" : ", one of the data and one of noise"}: ${share(classes)} % of the classes equal${far}.`;
};
