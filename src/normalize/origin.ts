/** Where each value of an experiment came from: collected while deciding, printed by `show` and in errors. */

import {
  type Diagnostic,
  formatPath,
  type Path,
  type Place,
  type Span,
} from "../diagnostic/diagnostic.js";
import type { Preset } from "../language/spec.js";
import { find, type Tree } from "../source/tree.js";
import { type Semantics, semantics } from "./semantics.js";

export type Origin =
  | { readonly kind: "written"; readonly span: Span }
  | { readonly kind: "preset"; readonly name: Preset }
  | { readonly kind: "default"; readonly source: string }
  | { readonly kind: "inferred"; readonly source: string };

/** A value as a spec would write it; `null` where the language has no word for "nothing". */
export interface Decided {
  readonly value: unknown;
  readonly origin: Origin;
  /** What a name stands for, where the value is one. */
  readonly means?: string;
}

/** By path in the language's spelling, `train.schedule.poly.base`; in the order of a spec. */
export type Origins = ReadonlyMap<string, Decided>;

/** Of a preset's value that fits every network. */
export const same = <A>(value: A): A => value;

/** Takes what is written, else what is the rule, and remembers which. */
export class Decisions {
  private readonly decided = new Map<string, Decided>();

  constructor(
    private readonly tree: Tree,
    private readonly preset: Preset,
  ) {}

  /** For values without a rule. */
  given<A>(path: string, written: A): A {
    return this.remember(path, written, { kind: "written", span: this.place(path) });
  }

  /** `source` says where the default is from: "paper, section 3.2". */
  or<A>(path: string, written: A | undefined, otherwise: A, source: string): A {
    if (written !== undefined) return this.given(path, written);
    return this.remember(path, otherwise, { kind: "default", source });
  }

  /** `source` says what it follows from: "`train.crop`". */
  orInferred<A>(path: string, written: A | undefined, otherwise: A, source: string): A {
    if (written !== undefined) return this.given(path, written);
    return this.remember(path, otherwise, { kind: "inferred", source });
  }

  /** For the choices on which implementations disagree. `adapt` fits the preset's value to the network. */
  orPreset<P extends keyof Semantics, A>(
    path: P,
    written: A | undefined,
    adapt: (preset: Semantics[P]) => A,
  ): A {
    if (written !== undefined) return this.given(path, written);
    const value = adapt(semantics[this.preset][path]);
    return this.remember(path, value, { kind: "preset", name: this.preset });
  }

  /** What the value decided at this path stands for. */
  explain(path: string, means: string): void {
    const decided = this.decided.get(path);
    if (decided !== undefined) this.decided.set(path, { ...decided, means });
  }

  /** Where a value was written, or the innermost part around it. */
  place(path: string): Span {
    return find(this.tree, path.split(".")).span;
  }

  get origins(): Origins {
    return this.decided;
  }

  private remember<A>(path: string, value: A, origin: Origin): A {
    this.decided.set(path, { value, origin });
    return value;
  }
}

/**
 * The main place is the first of its places that the author wrote: a default cannot be pointed at, and the
 * remedy stands where something was written. What was not written becomes a note that says where it is from.
 */
export const locate =
  (tree: Tree, origins: Origins) =>
  (d: Diagnostic): Diagnostic => {
    const places = [d.primary, ...d.related].map((place) => placed(place, tree));
    const chosen = places.find((p) => p.exact) ?? places[0]!;
    const unwritten = places.filter((p) => !p.exact && p !== chosen).map((p) => p.place);
    const related = places.filter((p) => p.exact && p !== chosen).map((p) => p.place);
    const told = chosen.exact ? unwritten : [chosen.place, ...unwritten];
    const primary = chosen.exact ? chosen.place : { ...chosen.place, label: "" };
    const notes = [
      ...told.filter((p) => p.label !== "").map((p) => asNote(p, origins)),
      ...d.notes,
    ];
    const fixes = d.fixes.map((fix) => ({
      ...fix,
      edits: fix.edits.map((edit) => ({ at: find(tree, edit.path, edit.on).span, ...edit })),
    }));
    return { ...d, primary, related, notes, fixes };
  };

interface Placed {
  readonly place: Place;
  readonly exact: boolean;
}

const placed = (place: Place, tree: Tree): Placed => {
  if (place.at !== undefined) return { place, exact: true };
  const { span, exact } = find(tree, place.path, place.on);
  return { place: { ...place, at: span }, exact };
};

const asNote = ({ path, label }: Place, origins: Origins): string => {
  const origin = originOf(path, origins);
  const from = origin && origin.kind !== "written" ? ` (${describeOrigin(origin)})` : "";
  return `\`${formatPath(path)}\`: ${label}${from}`;
};

/** Of the path, or of what it is a part of. */
const originOf = (path: Path, origins: Origins): Origin | undefined =>
  path
    .map((_, i) => origins.get(formatPath(path.slice(0, path.length - i)))?.origin)
    .find((origin) => origin !== undefined);

export const describeOrigin = (origin: Exclude<Origin, { kind: "written" }>): string => {
  if (origin.kind === "preset") return `semantics: ${origin.name}`;
  return origin.kind === "default" ? `default: ${origin.source}` : `from: ${origin.source}`;
};
