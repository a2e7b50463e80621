/** A GraphModel in a browser, on the first backend that gives an example the classes that pspc gives it. */

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { type GraphModel, loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";

export const backends = ["webgpu", "webgl", "wasm"] as const;
export type Backend = (typeof backends)[number];

/** A network, and how its answers are known to be right. */
export interface Carried {
  readonly height: number;
  readonly width: number;
  /** `model.json`, and its shards end to end. */
  readonly model: ArrayBuffer;
  readonly weights: ArrayBuffer;
  /** TensorFlow.js on WebAssembly, with SIMD and without threads. */
  readonly wasm: ArrayBuffer;
  readonly example: {
    /** Bytes `[H, W, 3]`. */
    readonly pixels: Uint8Array;
    /** The class of each pixel `[H, W]`, as pspc has it. */
    readonly classes: Uint16Array;
    /** Share of them that a backend must find. */
    readonly least: number;
  };
}

export interface Answer {
  /** `[H, W]`. */
  readonly classes: ArrayLike<number>;
  readonly milliseconds: number;
}

export interface Network {
  readonly backend: Backend;
  /** Share of the example's pixels that have the expected class. */
  readonly agreement: number;
  /** Of bytes `[H, W, 3]`. */
  readonly classify: (pixels: Uint8Array) => Promise<Answer>;
  readonly close: () => void;
}

/** Why a backend is not taken. */
export type Refusal =
  | { readonly kind: "absent" }
  /** WebAssembly without SIMD. */
  | { readonly kind: "old" }
  /** The page came to its end when it was tried. */
  | { readonly kind: "ended" }
  /** WebGPU that had not answered after `PATIENCE`. */
  | { readonly kind: "late" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "wrong"; readonly agreement: number };

/** A backend is there, is fast, or is a program that imitates a graphics card: slower than WebAssembly. */
type Presence = "absent" | "imitated" | "there";

const presence: Readonly<Record<Backend, () => Promise<Presence>>> = {
  webgpu: async () => {
    const adapter = await gpu()?.requestAdapter();
    if (!adapter) return "absent";
    return (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter) ? "imitated" : "there";
  },
  webgl: async () => {
    const context = document.createElement("canvas").getContext("webgl2");
    if (context === null) return "absent";
    const name = String(context.getParameter(rendererOf(context)));
    context.getExtension("WEBGL_lose_context")?.loseContext();
    return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name) ? "imitated" : "there";
  },
  wasm: async () => (typeof WebAssembly === "object" ? "there" : "absent"),
};

/** What of WebGPU is asked; not every browser's types have it. */
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean };
}
interface Gpu {
  readonly requestAdapter: () => Promise<Adapter | null>;
}
const gpu = (): Gpu | undefined => (navigator as { readonly gpu?: Gpu }).gpu;

const rendererOf = (context: WebGL2RenderingContext): number =>
  context.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER;

/** In the order in which they are tried. */
export const presentBackends = async (): Promise<readonly Backend[]> => {
  const found = await Promise.all(
    backends.map(async (backend) => ({
      backend,
      is: await presence[backend]().catch((): Presence => "absent"),
    })),
  );
  return ["there", "imitated"].flatMap((wanted) =>
    found.flatMap(({ backend, is }) => (is === wanted ? [backend] : [])),
  );
};

type Opened = Network | { readonly refused: Refusal };

/** Milliseconds: some drivers of WebGPU never answer. The others compute while the page waits, or not at all. */
const PATIENCE = 60_000;

/** @returns the network on this backend, or why it is not taken */
export const openOn = (backend: Backend, carried: Carried): Promise<Opened> =>
  backend === "webgpu"
    ? Promise.race([
        trial(backend, carried),
        new Promise<Opened>((resolve) => {
          setTimeout(() => resolve({ refused: { kind: "late" } }), PATIENCE);
        }),
      ])
    : trial(backend, carried);

const trial = async (backend: Backend, carried: Carried): Promise<Opened> => {
  try {
    // What cannot be compiled would be waited for without end.
    if (backend === "wasm" && !WebAssembly.validate(carried.wasm))
      return { refused: { kind: "old" } };
    if (backend === "wasm") provideWasm(carried.wasm);
    if (!(await tf.setBackend(backend))) return { refused: { kind: "absent" } };
    const model = await load(carried);
    const classify = classifier(model, carried);
    const { classes, pixels, least } = carried.example;
    const found = await classify(pixels);
    const agreement = sameShare(found.classes, classes);
    if (agreement >= least) return { backend, agreement, classify, close: () => model.dispose() };
    model.dispose();
    return { refused: { kind: "wrong", agreement } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { refused: { kind: "failed", reason } };
  }
};

const binaries = ["", "-simd", "-threaded-simd"].map((kind) => `tfjs-backend-wasm${kind}.wasm`);

/** From memory: a page that is opened from a disk may fetch nothing. */
const provideWasm = (bytes: ArrayBuffer): void => {
  tf.env().set("WASM_HAS_SIMD_SUPPORT", true);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  tf.env().platform.fetch = async () => new Response(bytes);
  setWasmPaths(Object.fromEntries(binaries.map((name) => [name, name])), true);
};

const load = async ({ model, weights }: Carried): Promise<GraphModel> => {
  const { modelTopology, signature, weightsManifest } = JSON.parse(new TextDecoder().decode(model));
  const weightSpecs = weightsManifest.flatMap(
    (group: { readonly weights: readonly tf.io.WeightsManifestEntry[] }) => group.weights,
  );
  return loadGraphModel({
    load: async () => ({ modelTopology, signature, weightSpecs, weightData: weights }),
  });
};

const classifier =
  (model: GraphModel, { height, width }: Carried) =>
  async (pixels: Uint8Array): Promise<Answer> => {
    const start = performance.now();
    const images = tf.tensor4d(pixels, [1, height, width, 3], "int32");
    const [given] = [model.execute({ images }, "classes")].flat();
    try {
      const classes = (await given?.data()) ?? [];
      return { classes, milliseconds: performance.now() - start };
    } finally {
      tf.dispose([images, ...(given ? [given] : [])]);
    }
  };

const sameShare = (found: ArrayLike<number>, wanted: ArrayLike<number>): number => {
  let same = 0;
  for (let i = 0; i < wanted.length; i++) if (found[i] === wanted[i]) same++;
  return same / wanted.length;
};
