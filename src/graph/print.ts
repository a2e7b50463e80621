/** The printed graph: one value a line, for people, goldens and fingerprints. */

import type { Content } from "./constant.js";
import type { Graph, Update, Value } from "./graph.js";
import { printType } from "./type.js";

const printContent = (content: Content): string => {
  switch (content.kind) {
    case "fill":
      return `${content.value}`;
    case "values":
      return `[${content.values.join(" ")}]`;
    case "pooling":
      return `pooling ${content.bins.join("/")} of ${content.height}×${content.width}`;
    case "interpolation":
      return `interpolation of ${content.size} to ${content.n}${content.alignCorners ? ", corners aligned" : ""}`;
    case "taps": {
      const maps = content.sizes.map((size) => size.join("×")).join(" ");
      const corners = content.alignCorners ? ", corners aligned" : "";
      return `taps ${content.kernel.join("×")} of ${maps} over ${content.height}×${content.width}${corners}`;
    }
    case "cells":
      return `cells of ${content.bins} over ${content.size}`;
    case "winograd":
      return `winograd F(${content.tile}×${content.tile}, 3×3) ${content.side}`;
  }
};

const printAttribute = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.join(",")}]`;
  if (typeof value !== "object" || value === null) return `${value}`;
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key} ${printAttribute(inner)}`)
    .join(" ")}}`;
};

const printAttributes = (value: Value): string => {
  if (value.op === "constant") return printContent(value.attributes.content);
  if (value.op === "input") return value.attributes.name;
  if (value.op === "variable") return `${value.attributes.name} (${value.attributes.role})`;
  return Object.entries(value.attributes)
    .map(([key, attribute]) => `${key}=${printAttribute(attribute)}`)
    .join(" ");
};

const printValue = (value: Value): string => {
  const args = value.args.map((id) => `%${id}`).join(", ");
  const attributes = printAttributes(value);
  const call = [value.op, args && `(${args})`, attributes && ` ${attributes}`].join("");
  return `%${value.id} = ${call} : ${value.types.map(printType).join(", ")}`;
};

const printUpdate = (update: Update<number>): string =>
  update.kind === "assign"
    ? `%${update.variable} := %${update.value}`
    : `%${update.variable}, %${update.velocity} := momentum(%${update.gradient}) rate=%${update.rate}·${update.scale} ` +
      `momentum=${update.momentum} decay=${update.decay}`;

/** `%7 = convolution(%3, %6) stride=2 … : f32[2,60,60,64]`, then the updates, then the results. */
export const printGraph = (graph: Graph): string =>
  [
    ...graph.values.map(printValue),
    ...graph.updates.map(printUpdate),
    ...Object.entries(graph.results).map(([name, id]) => `return ${name} = %${id}`),
    "",
  ].join("\n");
