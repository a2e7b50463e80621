// @ts-check
/**
 * Where the time of pspc's steps goes: `npm run bench:trace [-- --task TASK --sides SIDE CASE …]`. A model is written to a folder, and
 * Python's TensorFlow, which traces what tfjs cannot, runs it; a table by TensorFlow's operations leaves. Without words
 * it is PSPNet50's, and docs/performance.md has it anew. PSPC_TORCH names folders of Python packages.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { kernelsFile, largePagesFile } from "../dist/runtime/tfjs.js";
import { encode } from "../dist/tensorflow/proto.js";
import { refill } from "../scripts/marks.mjs";
import { sides } from "./cases.mjs";
import { compiled, experimentOf, overridesOf } from "./compiled.mjs";
import { environment } from "./machine.mjs";
import { orderOf } from "./order.mjs";

const page = "docs/performance.md";
const libraries = [kernelsFile() ?? [], largePagesFile() ?? []].flat();
const words = process.argv.slice(2);
const { runs } = orderOf(["--sides", "pspc", ...(words.length > 0 ? words : ["pspnet50-185"])]);

/** @param {import("./order.mjs").Run} run @param {string} folder */
const trace = (run, folder) => {
  const overrides = [...overridesOf(run), ...(sides[run.sides[0]].overrides ?? [])];
  const experiment = experimentOf(run.entry, overrides);
  const { signature, model } = compiled(run.task, experiment, run.batch);
  writeFileSync(join(folder, "saved_model.pb"), encode(model));
  const env = { TF_CPP_MIN_LOG_LEVEL: "2", TF_ENABLE_ONEDNN_OPTS: "1", ...environment() };
  const asked = ["bench/trace.py", folder, signature, ...libraries];
  const table = execFileSync("python3", asked, { env, encoding: "utf8", stdio: "pipe" });
  return `${run.title}, ${run.task}: ${table.trim()}`;
};

const folder = mkdtempSync(join(tmpdir(), "pspc-trace-"));
/** @type {Map<string, string>} */
const tables = new Map();
try {
  for (const run of runs) {
    const table = trace(run, folder);
    console.log(`${table}\n`);
    tables.set(run.task, table);
  }
} finally {
  rmSync(folder, { recursive: true });
}
if (words.length === 0) {
  const old = readFileSync(page, "utf8");
  writeFileSync(
    page,
    refill(old, "trace", (name) => tables.get(name) ?? ""),
  );
}
