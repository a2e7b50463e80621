// @ts-check
/**
 * A folder with a libtensorflow in it → the layout that the addon's build and its rpath expect:
 * `lib/` with the libraries under both of their names, `include/`, and for CUDA `nvidia/`.
 */

import { existsSync, readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * @typedef {"cpu" | "cuda"} Flavour
 * @typedef {object} Library
 * @property {string} folder in the layout above
 * @property {string} version of TensorFlow, or "unknown"
 * @property {Flavour | "unknown"} flavour
 * @property {string} origin where it was found, for people
 */

/** The libraries are called by the first name in the wheels, by the second in the C distribution. */
const mains = ["libtensorflow_cc.so.2", "libtensorflow.so.2"];
const framework = "libtensorflow_framework.so.2";
const header = join("include", "tensorflow", "c", "c_api.h");

/**
 * @param {string} folder a Python package `tensorflow`, or an unpacked C distribution
 * @returns {{ main: string, framework: string } | undefined} its libraries, where all that is needed is there
 */
export function librariesOf(folder) {
  if (!existsSync(join(folder, header))) return undefined;
  for (const place of [folder, join(folder, "lib")]) {
    const main = mains.map((name) => join(place, name)).find((file) => existsSync(file));
    if (main && existsSync(join(place, framework)))
      return { main, framework: join(place, framework) };
  }
  return undefined;
}

/**
 * Fills `folder` with links to a libtensorflow that lies elsewhere; a CUDA wheel has its `nvidia` beside it.
 * @param {string} source
 * @param {string} folder
 */
export async function link(source, folder) {
  const libraries = librariesOf(source);
  if (!libraries) throw new Error(`${source} holds no libtensorflow`);
  await mkdir(join(folder, "lib"), { recursive: true });
  await symlink(join(source, "include"), join(folder, "include"));
  for (const file of [libraries.main, libraries.framework])
    await symlink(file, join(folder, "lib", basename(file)));
  const nvidia = join(dirname(source), "nvidia");
  if (existsSync(nvidia)) await symlink(nvidia, join(folder, "nvidia"));
}

/**
 * Adds the names that the linker looks for, and what is known of the library; after this it is whole.
 * @param {string} folder
 * @param {Omit<Library, "folder">} facts
 */
export async function finish(folder, facts) {
  const lib = join(folder, "lib");
  const main = mains.find((name) => existsSync(join(lib, name))) ?? mains[0] ?? "";
  await symlink(main, join(lib, "libtensorflow.so"));
  await symlink(framework, join(lib, "libtensorflow_framework.so"));
  await writeFile(join(folder, "pspc.json"), `${JSON.stringify(facts, null, 2)}\n`);
}

/**
 * @param {string} folder in the layout above
 * @returns {Library | undefined} undefined where a part is missing, or what it links to is gone
 */
export function describeLibrary(folder) {
  if (!librariesOf(folder) || !existsSync(join(folder, "lib", "libtensorflow.so")))
    return undefined;
  const facts = join(folder, "pspc.json");
  if (existsSync(facts)) return { folder, ...JSON.parse(readFileSync(facts, "utf8")) };
  return { folder, version: "unknown", flavour: "unknown", origin: "the package's own deps/" };
}
