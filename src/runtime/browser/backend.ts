/** The backends of TensorFlow.js in a browser, and which of them a page or its worker has. */

export const backends = ["webgpu", "webgl", "wasm"] as const;
export type Backend = (typeof backends)[number];

/** A backend is there, is fast, or is a program that imitates a graphics card: slower than WebAssembly. */
type Presence = "absent" | "imitated" | "there";

const presence: Readonly<Record<Backend, () => Promise<Presence>>> = {
  webgpu: async () => {
    const adapter = await gpu()?.requestAdapter();
    if (!adapter) return "absent";
    return (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter) ? "imitated" : "there";
  },
  webgl: async () => {
    const context = someCanvas()?.getContext("webgl2") ?? null;
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

/** A worker has no document, and older browsers no canvas without one. */
const someCanvas = (): HTMLCanvasElement | OffscreenCanvas | undefined => {
  if (typeof document !== "undefined") return document.createElement("canvas");
  return typeof OffscreenCanvas === "undefined" ? undefined : new OffscreenCanvas(1, 1);
};

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

/** Why a backend is not taken. */
export type Refusal =
  | { readonly kind: "absent" }
  /** The page has it, and its worker has not. */
  | { readonly kind: "outside" }
  /** WebAssembly without SIMD. */
  | { readonly kind: "old" }
  /** The page came to its end when it was tried. */
  | { readonly kind: "ended" }
  /** WebGPU that had not answered after a minute. */
  | { readonly kind: "late" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "wrong"; readonly agreement: number };
