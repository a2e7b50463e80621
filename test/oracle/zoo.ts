/** What PyTorch says of published networks: their parameters and names; their logits, loss and gradients on given weights. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valueOrThrow } from "../../src/diagnostic/failure.js";
import type { Experiment } from "../../src/normalize/experiment.js";
import { decodeSafetensors, encodeSafetensors } from "../../src/weights/safetensors.js";
import type { Tensor } from "../../src/weights/tensor.js";
import { environment } from "./oracle.js";

const script = join(import.meta.dirname, "zoo.py");

/** The reference whose classes build it. Caffe's networks have semseg's parameters. */
export const referenceOf = (from: string): "mmseg" | "paddleseg" | "semseg" => {
  if (from === "mmsegmentation") return "mmseg";
  return from === "PaddleSeg" ? "paddleseg" : "semseg";
};

/** What a reference's network is built by. */
export const requestOf = (from: string, { model, data }: Experiment) => {
  const { backbone, head, auxiliary, align_corners } = model;
  return {
    reference: referenceOf(from),
    backbone: backbone.block,
    blocks: backbone.blocks,
    width: backbone.width,
    stem: backbone.stem.kind,
    strides: backbone.strides,
    ...(backbone.split_attention && {
      radix: backbone.split_attention.radix,
      reduction: backbone.split_attention.reduction,
    }),
    ...(backbone.groups && {
      groups: backbone.groups.count,
      base_width: backbone.groups.width,
    }),
    classes: data.classes.length,
    head: head.channels,
    auxiliary: auxiliary?.channels ?? 0,
    align_corners,
  };
};

export type ZooRequest = ReturnType<typeof requestOf>;

export interface Described {
  readonly parameters: number;
  /** `NAME SHAPE` of every parameter and statistic, sorted. */
  readonly names: readonly string[];
}

const inFolder = <A>(use: (file: (name: string) => string) => A): A => {
  const folder = mkdtempSync(join(tmpdir(), "pspc-zoo-"));
  try {
    return use((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const python = (...words: readonly string[]): void => {
  execFileSync("python3", [script, ...words], { env: environment(), stdio: "pipe" });
};

export const describeAll = (requests: readonly ZooRequest[]): readonly Described[] =>
  inFolder((file) => {
    writeFileSync(file("requests"), JSON.stringify(requests));
    python("describe", file("requests"), file("result"));
    return JSON.parse(readFileSync(file("result"), "utf8")) as readonly Described[];
  });

export const stepBy = (
  request: ZooRequest,
  tensors: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, Tensor> =>
  inFolder((file) => {
    writeFileSync(file("request"), JSON.stringify(request));
    writeFileSync(file("weights"), encodeSafetensors(tensors));
    python("step", file("request"), file("weights"), file("result"));
    return valueOrThrow(decodeSafetensors(readFileSync(file("result")), "result")).tensors;
  });
