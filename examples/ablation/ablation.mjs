// @ts-check
/**
 * The paper's ablations in small: nothing enters but `--places` or `--night`, `--seeds N` and overrides of the spec; pictures, the
 * trained variants and the paper's tables with ours beside them leave. What is trained already is not trained again.
 */

import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { main } from "../../dist/cli/main.js";
import { print, processTerminal, tell } from "../../dist/cli/terminal.js";
import { writeFileAtomic } from "../../dist/data/write.js";
import { writeDataset } from "../context-scenes/dataset.mjs";
import { drawScene } from "../context-scenes/scene.mjs";
import { drawPlaces } from "./places.mjs";
import { tables } from "./tables.mjs";

// Paths are printed relative to the clone.
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));

/** Few pictures, so that augmentation has something to do; steps for twenty minutes on two cores, or for a night. */
const FORMS = {
  short: {
    spec: "examples/ablation/ablation.yaml",
    draw: drawScene,
    home: "runs/ablation",
    order: { seed: 0, train: 150, val: 90 },
    overrides: ["train.iterations=300", "train.batch=4"],
  },
  night: {
    spec: "examples/ablation/ablation.yaml",
    draw: drawScene,
    home: "runs/ablation-night",
    order: { seed: 0, train: 480, val: 150 },
    overrides: ["data.root=runs/ablation-night/data"],
  },
  places: {
    spec: "examples/ablation/places.yaml",
    draw: drawPlaces,
    home: "runs/ablation-places",
    order: { seed: 0, train: 90, val: 120 },
    overrides: [],
  },
};

const terminal = processTerminal();
process.exitCode = await ablation(process.argv.slice(2));

/** Returns the exit code of the comparison. @param {string[]} args @returns {Promise<number>} */
async function ablation(args) {
  const { values, positionals } = parseArgs({
    args,
    options: {
      night: { type: "boolean", default: false },
      places: { type: "boolean", default: false },
      seeds: { type: "string", default: "3" },
      rows: { type: "string" },
    },
    allowPositionals: true,
  });
  const form = values.places ? "places" : values.night ? "night" : "short";
  const { spec, draw, home, order, overrides } = FORMS[form];
  if (values.rows === undefined) {
    tell(terminal, `scenes → ${home}/data`);
    await writeDataset(join(home, "data"), order, () => {}, draw);
    const answer = new PassThrough();
    const told = text(answer);
    const asked = ["--seeds", values.seeds, "--runs", home, "--json", ...overrides];
    const quiet = Object.create(terminal, { out: { value: answer } });
    const compared = await main(["compare", spec, ...asked, ...positionals], quiet);
    answer.end();
    const rows = await told;
    if (compared !== 0) return compared;
    await writeFileAtomic(join(home, "rows.json"), rows);
  }
  const file = values.rows ?? join(home, "rows.json");
  const report = tables(JSON.parse(await readFile(file, "utf8")));
  await mkdir(home, { recursive: true });
  await writeFileAtomic(join(home, "tables.md"), report);
  print(terminal, report);
  return 0;
}
