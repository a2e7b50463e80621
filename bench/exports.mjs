// @ts-check
/**
 * Our ONNX files beside PyTorch's own of the same networks, in onnxruntime: `npm run bench:exports [-- --rounds N CASE …]`.
 * Both its exporters are tried; where the older one refuses a pyramid, pooling as products helps it. All cases write the
 * table of docs/export.md anew, between its marks; any choice among them only prints.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { choicesFor, exportNetwork, formats } from "../dist/run/export.js";
import { lower } from "../dist/tensorflow/target.js";
import { networkVariables } from "../dist/weights/fit.js";
import { initialValues } from "../dist/weights/initial.js";
import { encodeSafetensors } from "../dist/weights/safetensors.js";
import { refill } from "../scripts/marks.mjs";
import { sides } from "./cases.mjs";
import { experimentOf } from "./compiled.mjs";
import { environment, machine, packages } from "./machine.mjs";
import { openPeer } from "./peer.mjs";
import { quantile, ratios, spread } from "./statistics.mjs";

/** @typedef {import("../src/normalize/experiment.js").Experiment} Experiment */

const page = "docs/export.md";

/** `isWide`: it has layers that `--forms` changes; the files of others are the same. @type {readonly { name: string, title: string, entry: string, crop: readonly [number, number], isWide: boolean }[]} */
const all = [
  {
    name: "pspnet50",
    title: "PSPNet50",
    entry: "specs/pspnet50-cityscapes.yaml",
    crop: [473, 473],
    isWide: true,
  },
  {
    name: "camvid",
    title: "CamVid's network",
    entry: "specs/camvid.yaml",
    crop: [265, 353],
    isWide: false,
  },
];

const { values, positionals } = parseArgs({
  options: { rounds: { type: "string", default: "15" } },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const cases = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

const folder = mkdtempSync(join(tmpdir(), "pspc-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Random weights: times do not depend on them. @param {Experiment} experiment */
const weightsOf = (experiment) => {
  const tensors = networkVariables(experiment, "infer").map((variable) => {
    const data = initialValues(variable, 1);
    return /** @type {const} */ ([variable.name, { shape: variable.shape, data }]);
  });
  const file = join(folder, "weights.safetensors");
  writeFileSync(file, encodeSafetensors(new Map(tensors)));
  return file;
};

/** @param {Experiment} experiment @param {boolean} forms */
const ours = async (experiment, forms) => {
  const format = formats.find(({ ending }) => ending === ".onnx");
  if (format === undefined) throw new Error("there is no ONNX");
  const to = join(folder, `ours-${forms}.onnx`);
  const events = exportNetwork({
    program: lower(experiment),
    weights: weightsOf(experiment),
    format,
    to,
    choices: choicesFor(experiment, { forms }),
    mustBeChecked: true,
    device: "cpu",
    command: "",
  });
  let next = await events.next();
  while (!next.done) next = await events.next();
  return { label: forms ? "pspc, `--forms`" : "pspc", file: to };
};

/** @param {Experiment} experiment @param {"script" | "dynamo"} exporter */
const theirs = async (experiment, exporter) => {
  const file = join(folder, `torch-${exporter}.onnx`);
  const request = { task: "export", experiment, batch: 1, file, exporter, way: sides.torch.way };
  try {
    const peer = await openPeer(sides.torch.command, request, environment());
    await peer.close();
    const helped = peer.about.helped ? ", helped" : "";
    return { label: `PyTorch, ${exporter === "dynamo" ? "dynamo" : "TorchScript"}${helped}`, file };
  } catch (error) {
    console.error(`${exporter}: ${error instanceof Error ? error.message : error}`);
    return null;
  }
};

/** @param {readonly string[]} files @param {readonly number[]} size @returns {Promise<{ load: number[], times: [number, number, number][] }>} */
const timed = async (files, size) => {
  const child = spawn("python3", ["bench/exports.py"], { env: environment() });
  child.stderr.pipe(process.stderr);
  child.stdin.end(JSON.stringify({ files, size, rounds }));
  const [said] = await Promise.all([text(child.stdout), once(child, "close")]);
  return JSON.parse(said);
};

const row = (/** @type {readonly string[]} */ of) => `| ${of.join(" | ")} |`;
/** @param {import("./statistics.mjs").Spread} of @param {(n: number) => string} as */
const range = ({ median, low, high }, as) => `${as(median)} (${as(low)}–${as(high)})`;
const milliseconds = (/** @type {number} */ n) => (1000 * n).toFixed(n < 0.1 ? 1 : 0);

/** @type {string[]} */
const lines = [];
for (const { title, entry, crop, isWide } of cases) {
  const experiment = experimentOf(entry, [`train.crop=[${crop}]`]);
  const made = [
    await theirs(experiment, "script"),
    await theirs(experiment, "dynamo"),
    await ours(experiment, false),
    isWide ? await ours(experiment, true) : null,
  ].filter((each) => each !== null);
  const { load, times } = await timed(
    made.map(({ file }) => file),
    crop,
  );
  const of = (/** @type {number} */ i, /** @type {1 | 2} */ which) =>
    times.filter(([index]) => index === i).map((each) => each[which]);
  const peers = made.flatMap(({ label }, i) => (label.startsWith("PyTorch") ? [i] : []));
  const median = (/** @type {number} */ i) => quantile(of(i, 1), 0.5);
  const best = peers.reduce((a, b) => (median(b) < median(a) ? b : a), peers[0] ?? 0);
  lines.push(row([`**${title} at ${crop.join("×")}**`, "", "", "", "", ""]));
  for (const [i, { label, file }] of made.entries())
    lines.push(
      row([
        label,
        range(spread(of(i, 1)), milliseconds),
        range(ratios(of(best, 1), of(i, 1)), (n) => n.toFixed(2)),
        milliseconds(quantile(of(i, 2), 0.5)),
        (statSync(file).size / 2 ** 20).toFixed(1),
        (load[i] ?? 0).toFixed(1),
      ]),
    );
}
const { cpu } = machine();
const found = packages(["onnxruntime", "torch", "onnxscript"]);
const result = [
  `${cpu.model} with ${cpu.units.join(", ")}, ${cpu.cores} cores; ${Object.entries(found)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}; one thread, ${rounds} rounds in turns.`,
  "",
  row([
    "",
    "processor ms a picture: median (quartiles)",
    "times faster than PyTorch's faster one",
    "wall ms",
    "MiB",
    "load, processor s",
  ]),
  row(["---", "--:", "--:", "--:", "--:", "--:"]),
  ...lines,
].join("\n");
console.log(result);
if (positionals.length === 0)
  writeFileSync(
    page,
    refill(readFileSync(page, "utf8"), "exports", () => result),
  );
