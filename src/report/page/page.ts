/** The page of a report: one HTML file that needs nothing else, no network, no server, no other file. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { swatch } from "./chart.js";
import { classesSection, confusionSection } from "./classes.js";
import { costsSection } from "./costs.js";
import { curvesSection } from "./curves.js";
import { differencesSection, reproductionSection } from "./differences.js";
import { type Html, html, nothing, trusted } from "./html.js";
import { imagesSection } from "./pictures.js";
import type { Report } from "./report.js";
import { scoresSection } from "./scores.js";
import { topOf } from "./top.js";

const asset = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

const style = asset("base.css") + asset("style.css");
const behaviour = asset("behaviour.js");

const sha256 = (text: string): string =>
  `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing is loaded and nothing runs but what this program wrote; a live page may ask its own server. */
export const policy = (live: boolean): string =>
  [
    "default-src 'none'",
    "img-src data:",
    `style-src ${sha256(style)}`,
    `script-src ${sha256(behaviour)}`,
    ...(live ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");

export const page = async (report: Report): Promise<string> => {
  const { title, live, variants } = report;
  const sections = await sectionsOf(report);
  return `<!doctype html>\n${
    html`<html lang="en"${live ? html` data-live` : nothing}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(live)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#scores">To the scores</a>
<header>
<p class="mark">pspc</p>
<h1>${title}</h1>
${topOf(report)}
${live ? html`<p id="pulse" role="status">live</p>` : nothing}
</header>
<nav aria-label="Sections"><ul>${sections.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
${filters(report)}
<main>${sections.map(({ content }) => content)}</main>
<footer><p>Made by pspc ${variants[0]?.runs[0]?.run.versions.pspc ?? ""}.</p></footer>
<div id="tip" hidden></div>
<script>${trusted(behaviour)}</script>
</body>
</html>`.html
  }\n`;
};

/** Files of runs that cannot be read: what they hold is missing from the sections above. */
const damagedSection = ({ damaged }: Report): Html =>
  damaged.length === 0
    ? nothing
    : html`<section id="damaged" aria-labelledby="damaged-title">
<h2 id="damaged-title">Not shown</h2>
<p class="lead">What is missing from this page, and why; everything else is complete.</p>
<ul>${damaged.map(({ message, reason, help }) => html`<li><p><strong>${message}</strong>${reason === undefined ? "" : html`<br>${reason}`}${help === undefined ? "" : html`<br>${help}`}</p></li>`)}</ul>
</section>`;

interface Section {
  readonly id: string;
  readonly name: string;
  readonly content: Html;
}

const sectionsOf = async (report: Report): Promise<readonly Section[]> => {
  const all: readonly Section[] = [
    { id: "scores", name: "Scores", content: scoresSection(report) },
    { id: "images", name: "Pictures", content: imagesSection(report) },
    { id: "classes", name: "Classes", content: classesSection(report) },
    { id: "confusion", name: "Confusions", content: confusionSection(report) },
    { id: "curves", name: "Training", content: await curvesSection(report) },
    { id: "costs", name: "Costs", content: await costsSection(report) },
    { id: "differences", name: "What differs", content: differencesSection(report) },
    { id: "damaged", name: "Not shown", content: damagedSection(report) },
    { id: "again", name: "Reproduce", content: reproductionSection(report) },
  ];
  return all.filter(({ content }) => content !== nothing);
};

/** Fewer variants than this are found at a glance. */
const many = 6;

/** Which variants are shown, and which is the baseline. */
const filters = ({ variants }: Report): Html =>
  variants.length < 2
    ? nothing
    : html`<div id="filters" role="group" aria-label="Which variants are shown">
${variants.length < many ? nothing : html`<label class="search">find <input type="search" id="find" placeholder="name of a variant" autocomplete="off"></label>`}
<label>baseline <select id="baseline">${variants.map(({ name }, v) => html`<option value="${v}">${name}</option>`)}</select></label>
${variants.length < many ? nothing : html`<button type="button" id="all">all</button>`}
<div class="chips">${variants.map(({ name }, v) => html`<button type="button" class="chip" data-chip="${v}" aria-pressed="true">${swatch(v)}${name}</button>`)}</div>
<p id="shown" role="status" class="quiet"></p>
</div>`;
