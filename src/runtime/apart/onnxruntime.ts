/** ONNX files in onnxruntime-node, which is no package of pspc's own: it is taken from where the user works, or from beside pspc. */

import { createRequire } from "node:module";
import { join } from "node:path";
import type { Answer } from "../exported.js";
import { AbsentRuntime, demand, type Engine } from "./engine.js";

/** What of `onnxruntime-node` is called. */
interface OnnxRuntime {
  readonly InferenceSession: {
    readonly create: (path: string) => Promise<{
      readonly run: (
        feeds: Readonly<Record<string, unknown>>,
        fetches: readonly string[],
      ) => Promise<Readonly<Record<string, { readonly data: Answer[string] }>>>;
    }>;
  };
  readonly Tensor: new (type: "uint8", data: Uint8Array, sizes: readonly number[]) => unknown;
}

const PACKAGE = "onnxruntime-node";

/** @throws AbsentRuntime */
const required = (): { readonly library: OnnxRuntime; readonly version: string } => {
  const places = [join(process.cwd(), "package.json"), import.meta.url];
  const found = places.map((place) => createRequire(place)).find(canResolve);
  if (found === undefined) throw new AbsentRuntime(`${PACKAGE} is not installed`);
  return demand(() => ({
    // Sound: what the package's own types say.
    library: found(PACKAGE) as OnnxRuntime,
    version: (found(`${PACKAGE}/package.json`) as { readonly version: string }).version,
  }));
};

const canResolve = (require: NodeJS.Require): boolean => {
  try {
    return require.resolve(PACKAGE) !== "";
  } catch {
    return false;
  }
};

export const onnxRuntime: Engine = async (path) => {
  const { library, version } = required();
  const session = await library.InferenceSession.create(path);
  return {
    runtime: `onnxruntime-node ${version}`,
    ask: async ({ pixels, count, height, width }, results) => {
      const images = new library.Tensor("uint8", pixels, [count, height, width, 3]);
      const names = results.map(({ name }) => name);
      const given = await session.run({ images }, names);
      return Object.fromEntries(
        names.flatMap((name) => (given[name] ? [[name, given[name].data]] : [])),
      );
    },
  };
};
