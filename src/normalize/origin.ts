/** Where each value of an experiment came from: collected while deciding, told by `show` and in errors. */

import type { Span } from "../diagnostic/diagnostic.js";
import { find, type Tree } from "../source/tree.js";
import type { Preset } from "../spec/spec.js";
import { type Semantics, semantics } from "./semantics.js";

export type Origin =
  | { readonly kind: "written"; readonly span: Span }
  | { readonly kind: "preset"; readonly name: Preset }
  | { readonly kind: "default"; readonly source: string }
  | { readonly kind: "inferred"; readonly source: string };

/** By path in the language's spelling: `train.schedule.poly.base`. */
export type Origins = ReadonlyMap<string, Origin>;

/** Takes what is written, else what is the rule, and remembers which. */
export class Decisions {
  private readonly decided = new Map<string, Origin>();

  constructor(
    private readonly tree: Tree,
    private readonly preset: Preset,
  ) {}

  /** For values without a rule. */
  given<A>(path: string, written: A): A {
    this.remember(path, { kind: "written", span: this.place(path) });
    return written;
  }

  /** `source` says where the default is from: "paper, section 3.2". */
  or<A>(path: string, written: A | undefined, otherwise: A, source: string): A {
    if (written !== undefined) return this.given(path, written);
    this.remember(path, { kind: "default", source });
    return otherwise;
  }

  /** `source` says what it follows from: "`train.crop`". */
  orInferred<A>(path: string, written: A | undefined, otherwise: A, source: string): A {
    if (written !== undefined) return this.given(path, written);
    this.remember(path, { kind: "inferred", source });
    return otherwise;
  }

  /** For the choices on which implementations disagree. */
  orPreset<P extends keyof Semantics, A>(path: P, written: A | undefined): A | Semantics[P] {
    if (written !== undefined) return this.given(path, written);
    this.remember(path, { kind: "preset", name: this.preset });
    return semantics[this.preset][path];
  }

  /** Whether the author wrote it, here or in a parent. */
  isWritten(path: string): boolean {
    return find(this.tree, path.split(".")).exact;
  }

  /** The file that a value was written in: what its relative paths start from. */
  place(path: string): Span {
    return find(this.tree, path.split(".")).span;
  }

  get origins(): Origins {
    return this.decided;
  }

  private remember(path: string, origin: Origin): void {
    this.decided.set(path, origin);
  }
}
