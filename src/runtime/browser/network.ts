/** A GraphModel in a browser, on the first backend that gives an example the classes that pspc gives it. */

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { type GraphModel, loadGraphModel } from "@tensorflow/tfjs-converter";
import * as tf from "@tensorflow/tfjs-core";
import { type Backend, presentBackends, type Refusal } from "./backend.js";

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

/** A network on a backend. */
interface Network {
  readonly backend: Backend;
  /** Of bytes `[H, W, 3]`. */
  readonly classify: (pixels: Uint8Array) => Promise<Answer>;
  readonly close: () => void;
}

/** A backend that is taken, and the share of the example's pixels that have the expected class on it. */
export interface Taken {
  readonly backend: Backend;
  readonly agreement: number;
}

export type Opened = Taken | { readonly refused: Refusal };

/** The network as a page asks it, in a thread of its own. */
export class Computer {
  #carried: Carried | null = null;
  #network: Network | null = null;

  carry(carried: Carried): void {
    this.#carried = carried;
  }

  /** In the order in which they are to be tried. */
  present(_: null): Promise<readonly Backend[]> {
    return presentBackends();
  }

  /** On another backend; the one before goes on where this one is refused. */
  async open(backend: Backend): Promise<Opened> {
    if (this.#carried === null) throw new Error("there is no network");
    const found = await openOn(backend, this.#carried);
    if ("refused" in found) {
      if (this.#network !== null) await tf.setBackend(this.#network.backend);
      return found;
    }
    this.#network?.close();
    this.#network = found.network;
    return { backend, agreement: found.agreement };
  }

  classify(pixels: Uint8Array): Promise<Answer> {
    if (this.#network === null) throw new Error("no backend computes the network");
    return this.#network.classify(pixels);
  }
}

type Trial =
  | { readonly network: Network; readonly agreement: number }
  | { readonly refused: Refusal };

/** Milliseconds: some drivers of WebGPU never answer. The others compute while the page waits, or not at all. */
const PATIENCE = 60_000;

/** @returns the network on this backend, or why it is not taken */
const openOn = (backend: Backend, carried: Carried): Promise<Trial> =>
  backend === "webgpu"
    ? Promise.race([
        trial(backend, carried),
        new Promise<Trial>((resolve) => {
          setTimeout(() => resolve({ refused: { kind: "late" } }), PATIENCE);
        }),
      ])
    : trial(backend, carried);

const trial = async (backend: Backend, carried: Carried): Promise<Trial> => {
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
    if (agreement >= least)
      return { agreement, network: { backend, classify, close: () => model.dispose() } };
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
