/** The scores of a network on a split enter; a table with a bar for each class leaves. */

import pc from "picocolors";
import type { Evaluation } from "../run/evaluation.js";
import { count, percent } from "./number.js";
import { figure, table, text } from "./table.js";

/** Characters of a full bar. */
const full = 24;

const bar = (share: number): string => {
  const filled = Math.round(full * share);
  return "█".repeat(filled) + "░".repeat(full - filled);
};

export const scoreText = (evaluation: Evaluation, colour: boolean): string => {
  const { bold, green } = pc.createColors(colour);
  const bounded = evaluation.boundary !== null;
  const rows = evaluation.classes.map(({ name, iou, accuracy, boundary }) => [
    name,
    percent(iou),
    percent(accuracy),
    ...(bounded ? [percent(boundary)] : []),
    iou === null ? "absent" : green(bar(iou)),
  ]);
  return [
    table(
      [
        text("class"),
        ...["IoU", "accuracy", ...(bounded ? ["boundary F"] : [])].map(figure),
        text(""),
      ],
      rows,
      colour,
    ),
    "",
    bold(
      [
        `mIoU ${percent(evaluation.miou)}`,
        `mean accuracy ${percent(evaluation.mean_accuracy)}`,
        `pixel accuracy ${percent(evaluation.pixel_accuracy)}`,
        `frequency-weighted IoU ${percent(evaluation.frequency_weighted_iou)}`,
        ...(bounded ? [`boundary F ${percent(evaluation.boundary)}`] : []),
      ].join(" · "),
    ),
    `${evaluation.split}: ${count(evaluation.images)} images, ${method(evaluation)}`,
  ].join("\n");
};

const method = ({ evaluate }: Evaluation): string =>
  [
    evaluate.mode === "whole" ? "whole" : `windows of ${evaluate.window.join("×")}`,
    `scale ${evaluate.scales.join(", ")}`,
    ...(evaluate.long_side === null ? [] : [`longer side ${evaluate.long_side}`]),
    ...(evaluate.mirror ? ["mirrored"] : []),
  ].join(", ");
