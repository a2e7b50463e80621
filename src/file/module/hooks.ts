/** Node's loader for specs: strips types from TypeScript, and resolves `pspc` to the program that reads the spec. */

import { readFile } from "node:fs/promises";
import type { InitializeHook, LoadHook, ResolveHook } from "node:module";
import { fileURLToPath } from "node:url";

interface SpecModule {
  readonly url: string;
  /** Without its types. */
  readonly code: string;
}

let entry: SpecModule | undefined;

export const initialize: InitializeHook<SpecModule> = (data) => {
  entry = data;
};

const own: Readonly<Record<string, string>> = {
  pspc: new URL("../../index.js", import.meta.url).href,
  "pspc/spec": new URL("../../language/define.js", import.meta.url).href,
};

/** A `.js` that does not exist is the `.ts` that it is made of, as `tsc` has it. */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const url = Object.hasOwn(own, specifier) ? own[specifier] : undefined;
  if (url !== undefined) return { url, shortCircuit: true };
  const typed = specifier.replace(/\.([cm]?)js$/, ".$1ts");
  try {
    return await next(specifier, context);
  } catch (error) {
    if (typed === specifier || !/^\.{0,2}\//.test(specifier)) throw error;
    return next(typed, context);
  }
};

export const load: LoadHook = async (url, context, next) => {
  if (url === entry?.url && isModern(entry))
    return { format: "module", source: entry.code, shortCircuit: true };
  if (!/\.[cm]?ts$/.test(url)) return next(url, context);
  const format = url.endsWith(".cts") ? "commonjs" : "module";
  return { format, source: await stripped(fileURLToPath(url)), shortCircuit: true };
};

/** Whatever the nearest package.json says: a spec that exports is a module. */
const isModern = ({ url, code }: SpecModule): boolean =>
  !/\.c[jt]s$/.test(url) && (/\.mjs$|ts$/.test(url) || /^\s*export\b/m.test(code));

const stripped = async (file: string): Promise<string> => {
  const { transformSync } = await import("@swc/wasm-typescript");
  try {
    return transformSync(await readFile(file, "utf8"), { mode: "strip-only" }).code;
  } catch (error) {
    const { message, startLine } = error as { message: string; startLine?: number };
    throw new SyntaxError(startLine === undefined ? message : `${file}:${startLine}: ${message}`);
  }
};
