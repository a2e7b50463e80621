// @ts-check
/** A set-up clone → what TensorFlow says when another process loads it through pspc and adds two numbers. */

import { statSync } from "node:fs";
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
 * What stands in the record of a proof: it holds as long as the addon and the library are the same files.
 * @param {string} addon the addon's file
 * @param {string} library the main library's file
 */
export const signature = (addon, library) =>
  [addon, library]
    .map((file) => statSync(file, { throwIfNoEntry: false }))
    .map((stat) => (stat ? `${stat.size}@${stat.mtimeMs}` : "absent"))
    .concat(process.versions.modules)
    .join(" ");
