/** The top of the page: the verdict in a sentence, and below it what was compared, on what data, and when. */

import { count, someOf } from "../format.js";
import { verdict } from "../verdict.js";
import { type Html, html } from "./html.js";
import type { Report } from "./report.js";
import { contenders } from "./scores.js";

export const topOf = (report: Report): Html => {
  const facts = report.variants.length === 0 ? [] : factsOf(report);
  return html`<div id="answer">
<p class="answer">${verdict(contenders(report), report.split)}</p>
<dl class="facts">${facts.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>
</div>`;
};

const factsOf = (report: Report): readonly (readonly [name: string, text: string])[] => [
  [report.variants.length === 1 ? "Variant" : "Compared", compared(report)],
  ["Data", data(report)],
  ["Trained", trained(report)],
];

/** The variants, the baseline first, and the values in which they differ at all. */
const compared = ({ variants }: Report): string => {
  const [baseline = "", ...others] = variants.map(({ name }) => name);
  if (others.length === 0) return baseline;
  const paths = outermost(
    variants.flatMap(({ differences }) => differences.map(({ path }) => path)),
  );
  const named = someOf([`${baseline} (baseline)`, ...others], 8);
  return paths.length === 0
    ? `${named}; they mean the same`
    : `${named}; they differ in ${someOf(paths, 5)}`;
};

/** `model.pyramid` says enough of `model.pyramid.bins`. */
const outermost = (paths: readonly string[]): readonly string[] =>
  [...new Set(paths)].filter((path) => !paths.some((other) => path.startsWith(`${other}.`)));

const data = ({ data: { folder, images }, split, classes }: Report): string => {
  const scored = images === null ? split : `${count(images)} images of ${split}`;
  return `${scored} in ${folder}; ${classes.length} classes`;
};

/** From the first run that was begun to the last, by day. */
const trained = ({ variants }: Report): string => {
  const runs = variants.flatMap((variant) => variant.runs.map(({ run }) => run));
  const days = [...new Set(runs.map(({ created }) => created.slice(0, 10)))].sort();
  const devices = [...new Set(runs.map(({ device }) => device.toUpperCase()))].sort();
  const [first = "", last = first] = [days.at(0), days.at(-1)];
  const when = first === last ? first : `${first} to ${last}`;
  const unfinished = runs.filter(({ state }) => state !== "finished").length;
  return [
    `${when} on ${devices.join(" and ")}`,
    `${runs.length} ${runs.length === 1 ? "run" : "runs"}`,
    ...(unfinished === 0 ? [] : [`${unfinished} not finished`]),
  ].join("; ");
};
