/** For specs in TypeScript: `defineSpec` returns what it is given, which `tsc` has checked against the language. */

import type { Spec } from "./spec.js";

/** Says everything that has no default. */
export type WholeSpec = Spec & { readonly extends?: never };

/** Changes a parent: each section may be left out, or say a part. */
export type ChildSpec = Omit<Partial<Spec>, "extends" | "data" | "train"> & {
  readonly extends: string;
  readonly data?: Partial<Spec["data"]>;
  readonly train?: Partial<Spec["train"]>;
};

export const defineSpec = (written: WholeSpec | ChildSpec): WholeSpec | ChildSpec => written;
