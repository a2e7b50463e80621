// @ts-check
/**
 * Exports every spec at the top of specs/ (or those named) to every format, with random weights and pictures of 97×113,
 * and prints how far another runtime's answers are from pspc's own. A page holds the same GraphModel as its folder.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { either } from "fp-ts";
import { checkStill } from "../dist/compile.js";
import { choicesFor, exportNetwork, formats } from "../dist/run/export.js";
import { lower } from "../dist/tensorflow/target.js";
import { networkVariables } from "../dist/weights/fit.js";
import { initialValues } from "../dist/weights/initial.js";
import { encodeSafetensors } from "../dist/weights/safetensors.js";

const named = process.argv.slice(2);
const specs =
  named.length > 0
    ? named
    : readdirSync("specs").flatMap((name) => (name.endsWith(".yaml") ? [`specs/${name}`] : []));

const folder = mkdtempSync(join(tmpdir(), "pspc-exports-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const read = (/** @type {string} */ path) => either.right(readFileSync(path, "utf8"));
let wrong = 0;

for (const entry of specs) {
  // A size that bins of 6 fit at any output stride, neither side as the other.
  const overrides = ["train.crop=[97,113]"];
  const { result } = checkStill({ cwd: process.cwd(), read })({ entry, overrides });
  if (either.isLeft(result)) throw new Error(`${entry} is wrong: \`pspc check\` says why`);
  const program = lower(result.right.experiment);
  const weights = join(folder, "weights.safetensors");
  const tensors = networkVariables(program.experiment, "infer").map((variable) => {
    const data = initialValues(variable, 1);
    return /** @type {const} */ ([variable.name, { shape: variable.shape, data }]);
  });
  writeFileSync(weights, encodeSafetensors(new Map(tensors)));
  for (const format of formats.filter(({ ending }) => ending !== ".html")) {
    const to = join(folder, `network${format.ending}`);
    try {
      const events = exportNetwork({
        program,
        weights,
        format,
        to,
        choices: choicesFor(program.experiment, { give: ["classes", "logits"] }),
        mustBeChecked: false,
        device: "cpu",
        command: "",
      });
      let next = await events.next();
      while (!next.done) next = await events.next();
      console.log(JSON.stringify({ spec: entry, format: format.name, ...next.value?.check }));
    } catch (error) {
      wrong += 1;
      console.log(JSON.stringify({ spec: entry, format: format.name, error: `${error}` }));
    }
    rmSync(to, { recursive: true, force: true });
  }
}
process.exitCode = wrong === 0 ? 0 : 1;
