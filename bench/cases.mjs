// @ts-check
/** What is measured against what: the sides, each a command with what it is asked for, and the cases, each a spec. */

/**
 * @typedef {"pspc" | "pspc-bf16" | "torch" | "torch-last" | "torch-compiled" | "torch-bf16" | "onnxruntime" | "tfjs"} CpuSide
 * @typedef {"pspc-tf32" | "torch-tf32" | "torch-tf32-compiled" | "torch-bf16-compiled"} GpuSide
 * @typedef {CpuSide | GpuSide} SideName
 * @typedef {object} Side
 * @property {string} label
 * @property {readonly string[]} command
 * @property {object} [way] of the many in which PyTorch runs a network
 * @property {readonly string[]} [overrides] of the spec
 * @property {Readonly<Record<string, string>>} [env] of its process
 * @property {readonly string[]} [wheels] that it cannot do without
 */

const way = { channels_last: false, compiled: false, half: false, tf32: false };
const last = { ...way, channels_last: true };
const torch = { command: ["python3", "bench/peer-torch.py"], wheels: ["torch", "numpy"] };
const pspc = { command: [process.execPath, "bench/peer-pspc.mjs"] };

/** @type {Readonly<Record<SideName, Side>>} */
export const sides = {
  pspc: { label: "pspc", ...pspc },
  "pspc-bf16": {
    label: "pspc, bf16",
    ...pspc,
    overrides: ["train.precision=bf16", "evaluate.precision=bf16"],
  },
  torch: { label: "PyTorch", ...torch, way },
  "torch-last": { label: "PyTorch, channels last", ...torch, way: last },
  "torch-compiled": { label: "PyTorch, compiled", ...torch, way: { ...way, compiled: true } },
  "torch-bf16": {
    label: "PyTorch, bf16 autocast",
    ...torch,
    way: { ...last, half: true },
  },
  onnxruntime: {
    label: "onnxruntime",
    command: ["python3", "bench/peer-onnxruntime.py"],
    wheels: ["torch", "numpy", "onnx", "onnxruntime"],
  },
  tfjs: { label: "stock tfjs-node", command: [process.execPath, "bench/peer-tfjs.mjs"] },
  // On a GPU alone: products of f32 whose factors keep ten bits, which both sides otherwise do without.
  "pspc-tf32": { label: "pspc, TF32", ...pspc, env: { NVIDIA_TF32_OVERRIDE: "1" } },
  "torch-tf32": { label: "PyTorch, TF32", ...torch, way: { ...last, tf32: true } },
  "torch-tf32-compiled": {
    label: "PyTorch, TF32, compiled",
    ...torch,
    way: { ...last, tf32: true, compiled: true },
  },
  "torch-bf16-compiled": {
    label: "PyTorch, bf16 autocast, compiled",
    ...torch,
    way: { ...last, half: true, compiled: true },
  },
};

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} title
 * @property {string} entry
 * @property {readonly string[]} [overrides] of it
 * @property {number} batch
 * @property {readonly SideName[]} [train] who trains; the first is whom the others are held against
 * @property {readonly SideName[]} [infer]
 * @property {true} [asked] only when it is asked for by name
 */

const [fifty, hundred, camvid] = [
  "specs/pspnet50-cityscapes.yaml",
  "specs/pspnet101-cityscapes.yaml",
  "specs/camvid.yaml",
];

/** @param {number} batch @returns {Case} */
const small = (batch) => ({
  name: batch === 4 ? "camvid" : `camvid-${batch}`,
  title: `CamVid's small network at 265×353, batch ${batch}`,
  entry: camvid,
  batch,
  ...(batch > 1 && { train: ["pspc", "torch", "torch-last", "tfjs"] }),
  infer: ["pspc", "pspc-bf16", "torch-last", "onnxruntime", "tfjs"],
});

/** Bin 1 has one value an image, so that a batch of one has no variance: nobody can train on it. @type {readonly Case[]} */
export const cases = [
  {
    name: "pspnet50-185",
    title: "PSPNet50 at 185, batch 2",
    entry: fifty,
    overrides: ["train.crop=185"],
    batch: 2,
    train: ["pspc", "torch", "torch-last", "torch-compiled", "tfjs"],
    infer: ["pspc", "pspc-bf16", "torch", "torch-last", "torch-compiled", "onnxruntime", "tfjs"],
  },
  {
    name: "pspnet50-473",
    title: "PSPNet50 at 473, batch 1",
    entry: fifty,
    overrides: ["train.crop=473"],
    batch: 1,
    infer: ["pspc", "torch", "torch-last", "onnxruntime", "tfjs"],
  },
  {
    name: "pspnet50-473-train",
    title: "PSPNet50 at 473, batch 2",
    entry: fifty,
    overrides: ["train.crop=473"],
    batch: 2,
    train: ["pspc", "torch", "torch-last"],
    asked: true,
  },
  {
    name: "pspnet101-185",
    title: "PSPNet101 at 185, batch 2",
    entry: hundred,
    overrides: ["train.crop=185"],
    batch: 2,
    train: ["pspc", "torch", "torch-last"],
    infer: ["pspc", "torch", "torch-last", "onnxruntime"],
  },
  ...[1, 2, 4, 8].map(small),
  {
    name: "pspnet50-185-bf16",
    title: "PSPNet50 at 185, batch 2, bf16",
    entry: fifty,
    overrides: ["train.crop=185"],
    batch: 2,
    train: ["pspc-bf16", "pspc", "torch", "torch-bf16"],
  },
  {
    name: "bf16",
    title: "CamVid's small network at 265×353, batch 2, bf16",
    entry: camvid,
    batch: 2,
    train: ["pspc-bf16", "pspc", "torch-last", "torch-bf16"],
  },
];
