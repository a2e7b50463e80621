// @ts-check
/** Assembles src/data/vectors.wat to vectors.wasm beside it: the vector loops of the data workers. */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

const file = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../src/data/${name}`, import.meta.url));

/** @returns {Promise<Uint8Array>} */
export async function assembled() {
  const { parseWat } = await wabt();
  const parsed = parseWat("vectors.wat", readFileSync(file("vectors.wat"), "utf8"), { simd: true });
  parsed.validate();
  return parsed.toBinary({}).buffer;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(file("vectors.wasm"), await assembled());
