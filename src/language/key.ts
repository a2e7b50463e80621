/** One declaration a key: its codec, what it means, what it is when nobody writes it, and where that comes from. */

import { flow } from "../source/flow.js";
import type { AnyCodec, Codec } from "./codec.js";
import type { Chosen, Decision, Scope } from "./scope.js";
import { type Preset, presetNames, presets, type Semantics } from "./semantics.js";

export type Need = "needed" | "optional";

export type Unit = "pixels" | "steps" | "images" | "degrees" | "channels";

/** What a key is where it is not written. */
export interface Otherwise<V, N extends Need = Need> {
  readonly need: N;
  /** For people: "16"; empty where the keys inside have defaults of their own. */
  readonly words: string;
  /** Where it is from: "paper, section 4.1". */
  readonly source: string | undefined;
  /** For editors, where it is the same in every spec. */
  readonly constant?: V;
  readonly choose: (scope: Scope) => Chosen<V>;
  /** Takes the place of a value that the spec needs and that could not be decoded, so that the rest is checked. */
  readonly standIn?: V;
}

export interface AnyKey {
  readonly codec: AnyCodec;
  readonly words: string;
  readonly otherwise: Otherwise<unknown>;
  readonly unit: Unit | undefined;
}

/** A key by what it is decided to. */
export interface Known<D> extends AnyKey {
  decide(written: unknown, scope: Scope): Decision<D>;
}

/** `A` is what an author writes, `D` what it is decided to: with `null` where the default is nothing at all. */
export interface Key<A, D, N extends Need> extends Known<D> {
  readonly codec: Codec<A, unknown>;
  readonly otherwise: Otherwise<A | null, N>;
  decide(written: A | undefined, scope: Scope): Decision<D>;
}

export function key<A, D, N extends Need>(
  codec: Codec<A, D>,
  words: string,
  otherwise: Otherwise<NoInfer<A>, N>,
  unit?: Unit,
): Key<A, D, N>;
export function key<A, D, N extends Need>(
  codec: Codec<A, D>,
  words: string,
  otherwise: Otherwise<NoInfer<A> | null, N>,
  unit?: Unit,
): Key<A, D | null, N>;
export function key<A, D, N extends Need>(
  codec: Codec<A, D>,
  words: string,
  otherwise: Otherwise<A | null, N>,
  unit?: Unit,
): Key<A, D | null, N> {
  return {
    codec,
    words,
    otherwise,
    unit,
    decide: (written, scope) => {
      if (written !== undefined) return codec.decide(written, scope);
      const { value, origin } = otherwise.choose(scope);
      if (origin === null && value === null) return { value: null, rows: [] };
      const inside = origin === null ? scope : scope.from(origin);
      if (value === null) return { value: null, rows: [inside.row(null)] };
      const decided = codec.decide(value, inside);
      return origin === null ? { ...decided, rows: [] } : decided;
    },
  };
}

/** The spec says it, or is wrong. */
export const required = <const V>(standIn: V): Otherwise<V, "needed"> => ({
  need: "needed",
  words: "",
  source: undefined,
  standIn,
  choose: () => byDefault(standIn, "a stand-in"),
});

/** The same in every spec. */
export const usually = <const V>(value: V, source: string): Otherwise<V, "optional"> => ({
  need: "optional",
  words: inWords(value),
  source,
  constant: value,
  choose: () => byDefault(value, source),
});

/** Nothing, for which the language has no word. */
export const absent = (words: string): Otherwise<null, "optional"> => ({
  need: "optional",
  words,
  source: undefined,
  choose: () => byDefault(null, words),
});

/** Nothing, which `show` does not print. */
export const unsaid: Otherwise<null, "optional"> = {
  need: "optional",
  words: "",
  source: undefined,
  choose: () => saidElsewhere,
};

/** A map, or a named choice, whose own keys have defaults. */
export const byKeys = <const V = Readonly<Record<never, never>>>(
  value: V,
): Otherwise<V, "optional"> => ({
  need: "optional",
  words: "",
  source: undefined,
  choose: () => byDefault(value, ""),
});

/** A function of other keys. `standIn` is for a key that is needed where they give it no value. */
export const computed = <V>(
  words: string,
  choose: (scope: Scope) => Chosen<V>,
  { source, standIn }: { readonly source?: string; readonly standIn?: NoInfer<V> } = {},
): Otherwise<V, "optional"> => ({
  need: "optional",
  words,
  source,
  choose,
  ...(standIn !== undefined && { standIn }),
});

/** The value of another key, which `name` calls by its path. */
export const follows = <V>(other: Known<V>, name: string): Otherwise<V, "optional"> =>
  computed(name, (scope) => inferred(scope.read(other), name));

/** What the spec's `semantics` say, fitted to the network. */
export const bySemantics = <F extends keyof Semantics, V>(
  field: F,
  adapt: (value: Semantics[F], scope: Scope) => V,
  note = "",
): Otherwise<V, "optional"> =>
  computed(
    `${presetWords(field)}${note}`,
    (scope) => {
      const { value, origin } = scope.preset(field);
      return { value: adapt(value, scope), origin };
    },
    { source: "`semantics`" },
  );

export const preset = <F extends keyof Semantics>(field: F): Otherwise<Semantics[F], "optional"> =>
  bySemantics(field, (value) => value);

export const byDefault = <const V>(value: V, source: string): Chosen<V> => ({
  value,
  origin: { kind: "default", source },
});

export const inferred = <const V>(value: V, source: string): Chosen<V> => ({
  value,
  origin: { kind: "inferred", source },
});

/** Another key says it. */
export const saidElsewhere: Chosen<null> = { value: null, origin: null };

/** `true`; mmseg, paddleseg: `false`. */
export const presetWords = (field: keyof Semantics): string => {
  const names = presetNames;
  const by = (name: Preset): string => inWords(presets[name][field]);
  const usual = by("semseg");
  const others = [...new Set(names.map(by))].filter((words) => words !== usual);
  const parts = others.map(
    (words) => `${names.filter((name) => by(name) === words).join(", ")}: ${words}`,
  );
  return [usual, ...parts].join("; ");
};

/** A value as YAML writes it in a line. */
export const inWords = (value: unknown): string => `\`${flow(value)}\``;
