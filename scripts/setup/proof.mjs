// @ts-check
/** A set-up clone → what TensorFlow says when another process loads it through pspc and adds two numbers. */

import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { run, tail } from "./command.mjs";
import { Stop } from "./stop.mjs";

/**
 * @param {string} root
 * @returns {Promise<{ version: string, device: string, sum: number }>}
 */
export async function prove(root) {
  const library = pathToFileURL(join(root, "dist", "runtime", "library.js"));
  const program = `
    const { loadTensorFlow, describe } = await import(${JSON.stringify(library.href)});
    const tf = await loadTensorFlow("auto");
    const [sum] = await tf.add(19, 23).data();
    process.stdout.write(JSON.stringify({ ...describe(tf), sum }));
  `;
  const { code, output } = await run(process.execPath, ["--input-type=module", "-e", program]);
  const said = output.split("\n").find((line) => line.startsWith("{"));
  const proof = code === 0 && said ? JSON.parse(said) : undefined;
  if (proof?.sum === 42) return proof;
  throw new Stop("TensorFlow was set up, but does not run", {
    reason: tail(output),
    help: "remove the cache folder (and in a clone node_modules), and run the same command again",
  });
}

/**
 * Measures how fast this machine computes, by which pspc chooses the forms of layers, in another process; what a busy
 * machine says is thrown away, and set-up goes on.
 * @param {string} root
 * @returns {Promise<string>} what came of it
 */
export async function calibrate(root) {
  const from = (/** @type {string} */ file) =>
    JSON.stringify(pathToFileURL(join(root, "dist", "run", file)).href);
  const program = `
    const { calibrate, isSteady } = await import(${from("calibrate.js")});
    const { keepSpeeds } = await import(${from("kernels.js")});
    const found = await calibrate("auto");
    if (isSteady(found)) await keepSpeeds("auto", found.speeds);
    process.stdout.write(isSteady(found) ? "measured" : "busy");
  `;
  const { code, output } = await run(process.execPath, ["--input-type=module", "-e", program]);
  if (code === 0 && output.endsWith("measured"))
    return "measured: forms of layers are chosen by them";
  const reason = output.endsWith("busy") ? "the machine is busy" : tail(output, 1);
  return `typical ones stand in (${reason}); later: npx pspc doctor --calibrate`;
}

/**
 * What stands in the record of a proof: it holds as long as the addons and the library are the same, by content.
 * @param {readonly string[]} files the addons and the main library
 */
export const signature = (...files) => files.map(digest).concat(process.versions.modules).join(" ");

/** Of a library of hundreds of megabytes, its size, its head and its end: one that was cut short lacks them. */
const SHARE = 1 << 20;

/** @param {string} file */
const digest = (file) => {
  if (!existsSync(file)) return "absent";
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const hash = createHash("sha256").update(`${size}`);
    for (const from of [0, Math.max(0, size - SHARE)]) {
      const bytes = Buffer.alloc(Math.min(SHARE, size));
      hash.update(bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, from)));
    }
    return hash.digest("hex").slice(0, 32);
  } finally {
    closeSync(descriptor);
  }
};
