/** Everything that the page of a network says. */

import type { Backend, Refusal } from "../runtime/browser/backend.js";

const names: Readonly<Record<Backend, string>> = {
  webgpu: "WebGPU",
  webgl: "WebGL",
  wasm: "WebAssembly",
};

interface Sized {
  readonly width: number;
  readonly height: number;
}

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

const refusal = (of: Refusal): string => {
  if (of.kind === "absent") return "not in this browser";
  if (of.kind === "outside") return "this browser has it in no worker";
  if (of.kind === "old") return "this browser's lacks SIMD";
  if (of.kind === "late") return "no answer in a minute";
  if (of.kind === "ended") return "this page broke off when it was tried";
  if (of.kind === "wrong") return `wrong: only ${percent(of.agreement)} of the example agree`;
  return of.reason;
};

const time = (milliseconds: number): string =>
  milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

export const words = {
  percent,
  backend: (backend: Backend): string => names[backend],
  refused: (backend: Backend, why: Refusal): string => `${names[backend]} (${refusal(why)})`,

  old: "This browser cannot unpack the page. Chrome 97, Firefox 113, Safari 16.4 and newer ones can.",
  broken: (error: unknown): string =>
    `The page cannot start: ${error instanceof Error ? error.message : String(error)}`,
  trying: (backend: Backend): string =>
    `Trying the network on ${names[backend]}. Its first picture can take a while.`,
  ready: "Ready. Choose a picture, drop one here, or paste one.",
  failed: (error: unknown): string =>
    `The network could not be computed: ${error instanceof Error ? error.message : String(error)}`,
  threadEnded: (reason: string): string => `its thread ended (${reason})`,
  computing: (name: string): string => `Computing ${name}.`,
  /** No backend is left. */
  nothingWorks: (refused: readonly (readonly [Backend, Refusal])[]): string =>
    `Nothing in this browser computes the network as pspc does. ${refused
      .map(([backend, why]) => `${names[backend]}: ${refusal(why)}.`)
      .join(" ")}`,
  /** Of shares from the largest on: what is too small for a sentence stands in the list. */
  found: (name: string, shares: readonly { readonly name: string; readonly share: number }[]) => {
    const seen = shares.filter(({ share }) => share >= 0.005);
    const first = seen.slice(0, 5).map((one) => `${one.name} ${percent(one.share, 0)}`);
    const more = seen.length - first.length;
    return `${name}: ${first.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
  },
  timed: (milliseconds: number): string => `${time(milliseconds)} a picture`,
  checked: (
    { agreement }: { readonly agreement: number },
    refused: readonly (readonly [Backend, Refusal])[],
    isInPage: boolean,
  ): string =>
    [
      `Checked at start: ${percent(agreement, 2)} of an example's pixels have the class that pspc gives them.`,
      ...refused.flatMap(([backend, why]) =>
        why.kind === "absent" ? [] : [`Not taken: ${names[backend]}, ${refusal(why)}.`],
      ),
      ...(isInPage
        ? ["This browser gives the page no worker: it stands still while it computes."]
        : []),
    ].join(" "),
  /** Sizes in pixels; what the network sees of a picture. */
  scaled: (picture: Sized, seen: Sized): string => {
    const [whole, part] = [picture, seen].map(({ width, height }) => `${width}×${height}`);
    return whole === part ? `${whole} pixels` : `${whole} pixels, seen at ${part}`;
  },
  absent: (classes: readonly string[]): string =>
    classes.length === 0 ? "" : `Not in it: ${classes.join(", ")}`,

  noPicture: (name: string): string => `${name} is no picture that this browser can read.`,
  nothingPasted: "The clipboard holds no picture.",
  pasted: "pasted picture",
  camera: "camera",
  cameraRuns: "The camera runs. Stop it to keep the last picture.",
  toCamera: "Use the camera",
  stopCamera: "Stop the camera",
  noCamera: (error: unknown): string =>
    `No camera: ${error instanceof Error ? error.message : "this browser gives none to this page"}. Some browsers give it to pages of https or localhost alone.`,
} as const;
