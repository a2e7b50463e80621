// @ts-check
/** `node bench/gpu-step.mjs SPEC DEVICE FILE [key=value …]`: one training step; prints its loss, FILE takes the momentum. */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { openSession } from "../dist/runtime/session.js";
import { initialState } from "../dist/weights/initial.js";
import { compiled, experimentOf } from "./compiled.mjs";
import { bytes } from "./serve.mjs";

const [entry = "", device = "", file = "", ...overrides] = process.argv.slice(2);
const { data, train } = experimentOf(entry, overrides);
const experiment = experimentOf(entry, overrides);
const { signature, model, variables } = compiled("train", experiment, train.batch);
const session = await openSession(model, device === "gpu" ? "gpu" : "cpu");
session.write(initialState(variables, 0));
const pixels = train.batch * train.crop[0] * train.crop[1];
const given = {
  images: bytes(3 * pixels, 256),
  labels: bytes(pixels, data.classes.length),
  rate: 0.01,
};
const { loss } = session.run(signature, given);
const momentum = [...session.read()].filter(([name]) => name.includes("momentum"));
writeFileSync(
  file,
  Buffer.concat(
    momentum.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  ),
);
console.log(loss.data[0]);
