// @ts-check
/**
 * The main job: nothing enters but `--seeds N`, `--runs FOLDER` and overrides of the spec; a dataset of context
 * scenes, a trained FCN and a trained PSPNet, their table, a sheet of their predictions and a page of PSPNet leave.
 * Everything that pspc has a verb for is done by that verb, as a user would type it.
 */

import { join } from "node:path";
import process from "node:process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { main } from "../../dist/cli/main.js";
import { progressOn } from "../../dist/cli/progress.js";
import { print, processTerminal, tell } from "../../dist/cli/terminal.js";
import { Failed } from "../../dist/diagnostic/failure.js";
import { STANDARD, writeDataset, writeTriplets } from "./dataset.mjs";
import { writeSheet } from "./sheet.mjs";

// Paths are printed relative to the clone.
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

const SPEC = "examples/context-scenes/scenes.yaml";
const HOME = "runs/context-scenes";
const DATA = `${HOME}/data`;
const VARIANTS = ["fcn", "pspnet"];

const terminal = processTerminal();
process.exitCode = await demo(process.argv.slice(2)).catch((error) => {
  if (error instanceof Failed)
    tell(terminal, `error: ${error.message}\n  = ${error.failure.reason}`);
  else if (String(error.code).startsWith("ERR_PARSE_ARGS"))
    tell(terminal, `error: ${error.message}`);
  else throw error;
  return 1;
});

/**
 * Returns the exit code of the first verb that did not end well, or 0.
 * @param {string[]} args
 * @returns {Promise<number>}
 */
async function demo(args) {
  const { values, positionals: overrides } = parseArgs({
    args,
    options: {
      seeds: { type: "string", default: "1" },
      runs: { type: "string", default: HOME },
    },
    allowPositionals: true,
  });
  tell(terminal, `context scenes → ${DATA}`);
  const progress = progressOn(terminal);
  await writeDataset(DATA, STANDARD, (done, total) =>
    progress.show({ kind: "progress", what: "drawing", done, total }),
  );
  progress.close();
  const shown = await writeTriplets(DATA, STANDARD.seed, 2);

  tell(terminal, `pspc compare ${SPEC}`);
  const seeds = ["--seeds", values.seeds, "--runs", values.runs];
  const compared = await main(["compare", SPEC, ...seeds, ...overrides], terminal);
  if (compared !== 0) return compared;

  const predictions = VARIANTS.map((variant) => join(values.runs, "predictions", variant));
  const runOf = await runsOf([...seeds, ...overrides]);
  for (const [i, variant] of VARIANTS.entries()) {
    const run = runOf(variant);
    const images = shown.map(({ image }) => image);
    const predicted = await main(["predict", run, ...images, "--out", predictions[i]], silent());
    if (predicted !== 0) return predicted;
  }
  const sheet = join(values.runs, "sheet.png");
  const rows = shown.map(({ name, image, label }) => ({
    image,
    labels: [label, ...predictions.map((folder) => join(folder, `${name}.png`))],
  }));
  await writeSheet(sheet, rows);

  const page = join(values.runs, "pspnet.html");
  const run = runOf("pspnet");
  tell(terminal, `pspc export ${run} --to ${page}`);
  const exported = await main(["export", run, "--to", page], silent());
  if (exported !== 0) return exported;
  print(terminal, closing(sheet, predictions, page));
  return 0;
}

/** The verbs print every file that they write; here the sheet and the last lines stand for them. */
function silent() {
  return Object.create(terminal, { out: { value: new PassThrough().resume() } });
}

/**
 * The first run of each variant, wherever `compare` found or put it.
 * @param {readonly string[]} words
 * @returns {Promise<(variant: string) => string>}
 */
async function runsOf(words) {
  const out = new PassThrough();
  const answer = text(out);
  const quiet = Object.create(terminal, { out: { value: out } });
  await main(["compare", SPEC, ...words, "--list", "--json"], quiet);
  out.end();
  /** @type {{ name: string, run: string, index: number }[]} */
  const rows = JSON.parse(await answer);
  return (variant) => {
    const row = rows.find(({ name, index }) => name === variant && index === 0);
    if (row === undefined) throw new Error(`compare names no run of ${variant}`);
    return row.run;
  };
}

/** @param {string} sheet @param {readonly string[]} predictions @param {string} page */
function closing(sheet, predictions, page) {
  return `
${sheet}
    picture · truth · ${VARIANTS.join(" · ")}; in each three rows nothing differs but the landmark in the corner
${predictions.map((folder) => `${folder}/`).join("\n")}
    what each network says of these pictures, as palette PNGs and overlays
${page}
    the trained PSPNet as a page: open it in a browser, and give it pictures`;
}
