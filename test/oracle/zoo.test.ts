/**
 * The published PSPNets (specs/zoo): each spec checks, has its reference's parameters under its reference's names, and
 * what the list of them says is what the specs come to. Of each kind one is computed at small width: logits, and one
 * training step with softplus for ReLU. `npm run zoo` computes all of them as they are, and goes on where it was
 * stopped: what it found stands in runs/zoo.jsonl.
 *
 * PyTorch builds the references (zoo.py). Where torch is absent, its recorded answers are used; PSPC_ORACLE=record
 * writes those and the list's own columns anew.
 */

import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import * as E from "fp-ts/lib/Either.js";
import { none, some } from "fp-ts/lib/Option.js";
import { expect, test } from "vitest";
import { type Check, checkStill } from "../../src/compile.js";
import { add, exp, log, scalar, subtract } from "../../src/graph/compose.js";
import type { Node } from "../../src/graph/op.js";
import { isNetwork, isTrained } from "../../src/graph/variable.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { stateOf } from "../../src/plan/graphs.js";
import { trainingStepBy } from "../../src/plan/step.js";
import { derived, type Published } from "../../src/report/zoo.js";
import { standard } from "../../src/rewrite/passes.js";
import type { Rewrite } from "../../src/rewrite/rewrite.js";
import { openSession } from "../../src/runtime/session.js";
import { plainCpu, savedModel, withKernels } from "../../src/tensorflow/target.js";
import { networkVariables, skeletonOf } from "../../src/weights/fit.js";
import { nameMaps } from "../../src/weights/name-maps.js";
import { exported, theirName } from "../../src/weights/names.js";
import type { Tensor } from "../../src/weights/tensor.js";
import { shown } from "../golden/front.js";
import { logitsGraph } from "./logits.js";
import { compare, torch } from "./oracle.js";
import { report } from "./report.js";
import { images, labels, stateFor } from "./scene.js";
import { describeAll, requestOf, stepBy, type ZooRequest } from "./zoo.js";

const LIST = "specs/zoo/zoo.json";
const GOLDEN = "test/golden/oracle/zoo.json";
const isRecording = process.env.PSPC_ORACLE === "record";
const isFull = process.env.PSPC_ZOO === "full";

const published = JSON.parse(readFileSync(LIST, "utf8")) as readonly Published[];
const writable = published.filter(({ missing }) => missing === undefined);

const checked = (name: string, overrides: readonly string[] = []): Check =>
  checkStill({ cwd: "/project", read: (path) => E.right(readFileSync(path, "utf8")) })({
    entry: `specs/zoo/${name}.yaml`,
    variant: undefined,
    overrides,
  });

const experimentIn = (check: Check): Experiment => {
  if (E.isLeft(check.result)) throw new Error(shown(check));
  return check.result.right.experiment;
};

/** Networks that are one in every respect that a reference's is built by. */
interface Network {
  readonly request: ZooRequest;
  /** The first spec of it. */
  readonly name: string;
  readonly from: string;
  readonly experiment: Experiment;
}

const checks = new Map(writable.map(({ name }) => [name, checked(name)] as const));
const networks = new Map<string, Network>();
for (const { name, from } of writable) {
  const experiment = experimentIn(checks.get(name)!);
  const request = requestOf(from, experiment);
  const key = JSON.stringify(request);
  if (!networks.has(key)) networks.set(key, { request, name, from, experiment });
}
const distinct = [...networks.values()];

test("71 are published, and each has its spec or the reason why there is none", () => {
  expect(published).toHaveLength(71);
  const files = readdirSync("specs/zoo").filter((file) => file.endsWith(".yaml"));
  expect(files.sort()).toEqual(writable.map(({ name }) => `${name}.yaml`).sort());
  for (const { diagnostics } of checks.values()) {
    expect(diagnostics.filter(({ severity }) => severity !== "note")).toEqual([]);
  }
});

test("the list says what the specs come to", () => {
  const found = published.map((row) => {
    const check = checks.get(row.name);
    return check === undefined ? row : { ...row, ...derived(experimentIn(check)) };
  });
  const lines = found.map((row) => JSON.stringify(row));
  const text = `[\n${lines.join(",\n")}\n]\n`;
  if (isRecording) writeFileSync(LIST, text);
  expect(readFileSync(LIST, "utf8")).toBe(text);
});

const digest = (names: readonly string[]): string =>
  createHash("sha256").update(names.join("\n")).digest("hex").slice(0, 16);

/** Our variables under the reference's names, in PyTorch's order of axes. */
const spelt = ({ request, experiment }: Network): readonly string[] => {
  const map = nameMaps.find(({ name }) => name === request.reference)!;
  return networkVariables(experiment, "train")
    .map(({ site, shape }) => {
      const [h, w, from, to] = shape;
      const theirs = shape.length === 4 ? [to, from, h, w] : shape;
      return `${theirName(site, map, skeletonOf(experiment.model))} [${theirs.join(", ")}]`;
    })
    .sort();
};

test("parameters are the references', and every name of theirs is one of ours", () => {
  const theirs =
    torch === undefined
      ? null
      : describeAll(distinct.map(({ request }) => request)).map(({ parameters, names }) => ({
          parameters,
          names: digest(names),
        }));
  const answer = Object.fromEntries(
    (theirs ?? []).map((each, i) => [JSON.stringify(distinct[i]!.request), each]),
  );
  if (theirs !== null && isRecording) writeFileSync(GOLDEN, `${JSON.stringify(answer, null, 1)}\n`);
  const recorded: unknown = JSON.parse(readFileSync(GOLDEN, "utf8"));
  if (theirs !== null) expect(recorded).toEqual(answer);
  const ours = distinct.map((network) => [
    JSON.stringify(network.request),
    {
      parameters: derived(network.experiment).parameters.training,
      names: digest(spelt(network)),
    },
  ]);
  expect(Object.fromEntries(ours)).toEqual(recorded);
});

/** log(1 + eˣ), for the bounded ReLU the difference of two: no two sides of a kink are compared. */
const soft = (x: Node): Node => log(add(exp(x), scalar(1)));
const softened: Rewrite = {
  name: "softplus",
  law: "none: another function in ReLU's place, on both sides of a comparison",
  rule: (node) => {
    if (node.op === "relu") return some(soft(node.args[0]));
    if (node.op !== "relu6") return none;
    const [x] = node.args;
    return some(subtract(soft(x), soft(subtract(x, scalar(6)))));
  },
};

interface Apart {
  readonly logits: number;
  readonly loss: number;
  readonly gradients: number;
}

/** How far a network is from the reference's, on weights, pictures and labels that both are given. */
const apart = async ({ request, experiment }: Network): Promise<Apart> => {
  const { data, model, train } = experiment;
  const { batch, crop } = train;
  const passes = { ...standard, forward: [softened, ...standard.forward] };
  const step = withKernels(trainingStepBy(experiment, passes), plainCpu);
  const logits = logitsGraph({ experiment, size: crop });
  const variables = stateOf([step]);
  const drawn = stateFor(variables);
  const zero = (name: string, { shape, data: values }: Tensor): [string, Tensor] => [
    name,
    { shape, data: name.endsWith("/momentum") ? new Float32Array(values.length) : values },
  ];
  const state = new Map([...drawn].map(([name, tensor]) => zero(name, tensor)));
  const bytes = images(batch, ...crop);
  const masks = labels(batch, ...crop, data.classes.length).map((c) =>
    Math.min(c, data.classes.length - 1),
  );
  const session = await openSession(savedModel({ train: step, logits }), "cpu");
  session.write(state);
  const ours = session.run("logits", { images: bytes.slice(0, bytes.length / batch) }).logits!.data;
  const given = { images: bytes, labels: masks, batch: masks, part: 0, rate: 0 };
  const loss = session.run("train", given).loss!.data[0]!;
  const after = session.read();
  session.dispose();

  const map = nameMaps.find(({ name }) => name === request.reference)!;
  const network = variables.filter(isNetwork);
  const theirs = (of: ReadonlyMap<string, Tensor>) => exported(of, network, map, skeletonOf(model));
  const gradients = new Map(
    network.filter(isTrained).map(({ name }) => [name, after.get(`${name}/momentum`)! as Tensor]),
  );
  const normal = Float32Array.from(
    bytes,
    (value, i) => (value - data.mean[i % 3]!) / data.std[i % 3]!,
  );
  const answer = stepBy(
    request,
    new Map<string, Tensor>([
      ...theirs(state).tensors,
      ["images", { shape: [batch, ...crop, 3], data: normal }],
      ["labels", { shape: [batch, ...crop], data: masks }],
    ]),
  );
  const got: number[] = [];
  const wanted: number[] = [];
  for (const [name, { data: values }] of theirs(gradients).tensors) {
    for (const value of values) got.push(value);
    for (const value of answer.get(`gradient ${name}`)!.data) wanted.push(value);
  }
  return {
    logits: compare(ours, answer.get("logits")!.data).largest,
    loss: compare([loss], answer.get("loss")!.data).relative,
    gradients: compare(got, wanted).relative,
  };
};

/** One step as both can take it: of f32, without dropout or decay, so that the momentum is the gradient. */
const plainly = [
  "model.head.dropout=0",
  "model.auxiliary.dropout=0",
  "train.precision=f32",
  "train.clip=none",
  "train.batch=2",
  "train.optimizer={sgd: {momentum: 0.9, weight_decay: 0, decay: all}}",
  "train.schedule=constant",
  "train.multipliers={new: 1, bias: 1}",
];

const small = (crop: string, ...backbone: readonly string[]) => [
  ...plainly,
  `train.crop=${crop}`,
  "evaluate.mode=whole",
  ...backbone,
];
const resnet = (block: string, blocks: string) =>
  `model.backbone.resnet={block: ${block}, blocks: ${blocks}, width: 8}`;

/** One of each kind: block, stem, strides, semantics. */
const kinds: readonly (readonly [name: string, overrides: readonly string[]])[] = [
  [
    "mmseg-mobilenetv2-d8-80k-cityscapes-512x1024",
    small(
      "[72, 89]",
      "model.backbone.mobilenet=0.25",
      "model.head.channels=24",
      "model.auxiliary.channels=12",
    ),
  ],
  [
    "mmseg-r50b-d32-80k-cityscapes-512x1024",
    small("[200, 217]", resnet("bottleneck", "[1, 2, 2, 2]")),
  ],
  [
    "mmseg-resnest101-d8-80k-cityscapes-512x1024",
    small(
      "[72, 89]",
      resnet("bottleneck", "[1, 2, 1, 2]"),
      "model.backbone.stem={deep: [8, 8, 16]}",
      // Its attention norms one mean a picture: the fewer, the more it makes of rounding.
      "train.batch=4",
    ),
  ],
  [
    "mmseg-r50b-d8-80k-cityscapes-512x1024",
    small(
      "[72, 89]",
      resnet("bottleneck", "[1, 2, 1, 2]"),
      "model.backbone.groups={count: 4, width: 4}",
    ),
  ],
  ["mmseg-r18-d8-80k-cityscapes-769x769", small("[73, 89]", resnet("basic", "[2, 2, 2, 2]"))],
  ["paddleseg-r50-vd-40k-voc2012-512x512", small("[72, 89]", resnet("bottleneck", "[1, 2, 2, 2]"))],
  ["semseg-r50-ade20k-473x473", small("[73, 89]", resnet("bottleneck", "[1, 2, 1, 2]"))],
];

/**
 * Every network as it is, on small pictures: the features of 64 pixels at output stride 8 are 8×8. A ResNeSt's attention
 * norms one mean a picture: of two pictures, over its 33 blocks, rounding grows so that PyTorch's own gradient in 32
 * bits is 0.55 of its length from that in 64; of eight it is 1.6e-5.
 */
const whole: typeof kinds = distinct
  .filter(({ from }) => !from.includes("Caffe"))
  .map(({ name, experiment: { model } }) => [
    name,
    small(
      model.backbone.strides[3] === 2
        ? "[193, 225]"
        : model.align_corners
          ? "[65, 73]"
          : "[64, 72]",
      ...(model.backbone.split_attention === null ? [] : ["train.batch=8"]),
    ),
  ]);

const FOUND = "runs/zoo.jsonl";
const lines = isFull && existsSync(FOUND) ? readFileSync(FOUND, "utf8").trim().split("\n") : [];
const before = lines.map((line) => JSON.parse(line) as Apart & { readonly name: string });
const left = whole.filter(([name]) => before.every((each) => each.name !== name));
const computed = torch === undefined ? [] : isFull ? left : kinds;

const holds = (found: Apart): void => {
  expect(found.logits).toBeLessThan(1e-4);
  expect(found.loss).toBeLessThan(1e-5);
  expect(found.gradients).toBeLessThan(1e-3);
};

test.each(computed.length === 0 ? [["nothing left, or no PyTorch", []] as const] : computed)(
  "computes what the reference does: %s",
  async (name, overrides) => {
    const row = writable.find((each) => each.name === name);
    if (row === undefined) {
      expect(torch === undefined || isFull).toBe(true);
      for (const each of before) holds(each);
      return;
    }
    const experiment = experimentIn(checked(name, overrides));
    const { from } = row;
    const found = await apart({ request: requestOf(from, experiment), name, from, experiment });
    if (isFull) {
      mkdirSync("runs", { recursive: true });
      appendFileSync(FOUND, `${JSON.stringify({ name, ...found })}\n`);
    }
    report("zoo", name, found.logits, found.loss, found.gradients);
    holds(found);
  },
  600_000,
);
