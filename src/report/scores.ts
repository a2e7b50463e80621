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
  const rows = evaluation.classes.map(({ name, iou, accuracy }) => [
    name,
    percent(iou),
    percent(accuracy),
    iou === null ? "absent" : green(bar(iou)),
  ]);
  return [
    table([text("class"), figure("IoU"), figure("accuracy"), text("")], rows, colour),
    "",
    bold(
      [
        `mIoU ${percent(evaluation.miou)}`,
        `mean accuracy ${percent(evaluation.mean_accuracy)}`,
        `pixel accuracy ${percent(evaluation.pixel_accuracy)}`,
      ].join(" · "),
    ),
    `${evaluation.split}: ${count(evaluation.images)} images, ${method(evaluation)}`,
  ].join("\n");
};

const method = ({ evaluate }: Evaluation): string =>
  [
    evaluate.mode === "whole" ? "whole" : `windows of ${evaluate.window.join("×")}`,
    `scale ${evaluate.scales.join(", ")}`,
    ...(evaluate.mirror ? ["mirrored"] : []),
  ].join(", ");
