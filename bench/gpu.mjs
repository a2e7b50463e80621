// @ts-check
/**
 * pspc on an NVIDIA GPU: `npm run gpu [-- --only PART,… --batches 2,8,16 --crop 473 --seconds 10 --results FILE]`. In
 * order: `doctor` sees it; a `step` of PSPNet50 equals the CPU's; `train` for 50 steps; the `bench` against PyTorch on the
 * same GPU; the `forms` of its layers. Each part prints, and is kept in FILE, as soon as it is done; nothing is fetched.
 */

import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { STANDARD, writeDataset } from "../examples/context-scenes/dataset.mjs";
import { machine, packages } from "./machine.mjs";
import { measure } from "./measure.mjs";
import { table } from "./tables.mjs";

const SPEC = "specs/pspnet50-cityscapes.yaml";
const SCENES = "examples/context-scenes/scenes.yaml";
const PARTS = /** @type {const} */ (["doctor", "step", "train", "bench", "forms"]);

const { values } = parseArgs({
  options: {
    only: { type: "string", default: PARTS.join() },
    batches: { type: "string", default: "2,8,16" },
    crop: { type: "string", default: "473" },
    seconds: { type: "string", default: "10" },
    device: { type: "string", default: "gpu" },
    results: { type: "string", default: "gpu.md" },
  },
});
const { device, results } = values;
const crop = Number(values.crop);

const tell = (/** @type {string} */ text) => {
  console.log(text);
  appendFileSync(results, `${text}\n`);
};
/** @param {readonly string[]} words @param {NodeJS.ProcessEnv} [env] */
const node = (words, env) =>
  execFileSync(process.execPath, words, {
    env: { ...process.env, ...env },
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "inherit"],
  });

/** The machine in a line; where a GPU is wanted and TensorFlow sees none, that is an error. */
const doctor = () => {
  const { cpu, gpus, node: version, tensorflow } = machine();
  if (!("version" in tensorflow)) throw new Error(`TensorFlow does not run: ${tensorflow.reason}`);
  tell(
    [
      ...gpus.map(({ name, driver, capability }) => `${name}, driver ${driver}, ${capability}`),
      `${cpu.model}, ${cpu.cores} cores`,
      `Node ${version}, TensorFlow ${tensorflow.version} on the ${tensorflow.device}`,
      ...Object.entries(packages(["torch", "triton"])).map((each) => each.join(" ")),
      `product of matrices ${Math.round(tensorflow.toy.gigaflops)} GFLOP/s, right: ${tensorflow.toy.right}`,
    ].join(" · "),
  );
  if (tensorflow.device !== device) throw new Error(`TensorFlow takes the ${tensorflow.device}`);
};

/** One training step on each device from the same state: the loss, and how far the moved state is from the CPU's. */
const step = () => {
  const overrides = ["train.batch=2", "train.crop=185"];
  const ways = /** @type {const} */ ([
    ["cpu", "f32", "0"],
    [device, "f32", "0"],
    [device, "f32", "1"],
    [device, "bf16", "0"],
  ]);
  const [whole, ...others] = ways.map(([where, precision, tf32], i) => {
    const file = join(tmpdir(), `pspc-step-${process.pid}-${i}`);
    const words = [
      "bench/gpu-step.mjs",
      SPEC,
      where,
      file,
      ...overrides,
      `train.precision=${precision}`,
    ];
    const loss = Number(node(words, { NVIDIA_TF32_OVERRIDE: tf32 }));
    const bytes = readFileSync(file);
    rmSync(file);
    const momentum = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    return { title: `${where}, ${tf32 === "1" ? "TF32" : precision}`, loss, momentum };
  });
  const norm = (/** @type {(i: number) => number} */ at) =>
    Math.sqrt(whole.momentum.reduce((sum, _, i) => sum + at(i) ** 2, 0));
  const length = norm((i) => whole.momentum[i]);
  tell(`\n${SPEC} at 185, batch 2, one step: ${whole.title} loss ${whole.loss}`);
  for (const { title, loss, momentum } of others) {
    const far = norm((i) => momentum[i] - whole.momentum[i]) / length;
    const off = Math.abs(loss - whole.loss) / whole.loss;
    tell(`- ${title}: loss off by ${off.toExponential(1)}, momentum by ${far.toExponential(1)}`);
  }
};

/** Fifty steps of the demo's network by the command line, on the CPU too: what the loss does. */
const train = async () => {
  const data = "runs/context-scenes/data";
  await writeDataset(data, STANDARD, () => {});
  for (const where of new Set([device, "cpu"])) {
    const run = join(tmpdir(), `pspc-gpu-run-${process.pid}-${where}`);
    const words = ["train", SCENES, "train.iterations=50", "--device", where, "--run", run];
    const started = performance.now();
    node(["bin/pspc.js", ...words]);
    const seconds = (performance.now() - started) / 1000;
    const losses = readFileSync(join(run, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).loss)
      .filter((loss) => typeof loss === "number");
    const [first, last] = [losses[0], losses.at(-1)].map((loss) => Number(loss).toFixed(4));
    tell(`- ${where}: 50 steps, loss ${first} to ${last}, ${seconds.toFixed(1)} s with validation`);
    rmSync(run, { recursive: true });
  }
};

const GROUPS = /** @type {const} */ ({
  f32: ["pspc", "torch", "torch-last"],
  TF32: ["pspc-tf32", "torch-tf32", "torch-tf32-compiled"],
  bf16: ["pspc-bf16", "torch-bf16", "torch-bf16-compiled"],
});

const bench = async () => {
  const found = packages(["torch", "numpy"]);
  for (const batch of values.batches.split(",").map(Number))
    for (const task of /** @type {const} */ (["train", "infer"]))
      for (const [group, sides] of Object.entries(GROUPS)) {
        if (task === "infer" && batch > 2) continue; // pictures come one at a time, or two
        const title = `PSPNet50 at ${crop}, batch ${batch}, ${group}, ${task}`;
        const overrides = [`train.crop=${crop}`];
        const run = { title, task, entry: SPEC, overrides, batch, sides };
        const measured = await measure(run, {
          found,
          seconds: Number(values.seconds),
          tell: (text) => console.error(text),
        });
        tell(`\n${table([measured], task)}`);
        for (const reason of measured.failed) tell(`- ${reason}`);
      }
};

/** What the forms that were measured would bring over TensorFlow's own, which on a GPU are cuDNN's; some minutes. */
const forms = () => {
  const words = ["bin/pspc.js", "tune", SPEC, `train.crop=${crop}`, "train.batch=8"];
  tell(`\n${node([...words, "--device", device])}`);
};

const parts = { doctor, step, train, bench, forms };
const wanted = values.only.split(",");
for (const part of PARTS.filter((each) => wanted.includes(each))) {
  try {
    await parts[part]();
  } catch (error) {
    tell(`\n${part} failed: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
    if (part === "doctor") break;
  }
}
