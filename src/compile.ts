/** The compiler: the whole path of a spec, from its name to the program that trains it, or to every mistake in it. */

import * as E from "fp-ts/lib/Either.js";
import { flow } from "fp-ts/lib/function.js";
import * as T from "fp-ts/lib/Task.js";
import type * as t from "io-ts";
import {
  type Checked,
  type Diagnostic,
  errorsIn,
  inOrder,
  rejectAll,
  unless,
} from "./diagnostic/diagnostic.js";
import type { Sources } from "./diagnostic/text.js";
import { type Recovered, recover } from "./language/decode.js";
import { bareSpec, dataAlone, spec as language, type Spec } from "./language/spec.js";
import type { Data, Experiment } from "./normalize/experiment.js";
import type { Read } from "./normalize/extend.js";
import {
  type Normalized as NormalizedAs,
  normalizeData as normalizeDataOf,
  normalize as normalizeSpec,
  type Resolved,
} from "./normalize/normalize.js";
import { locate } from "./normalize/origin.js";
import { each, parse, type Request, type Versions } from "./normalize/versions.js";
import type { Program } from "./plan/program.js";
import type { Facts } from "./rules/rule.js";
import { validateData as obeysDataRules, validate as obeysRules } from "./rules/rules.js";
import { plain, type Tree } from "./source/tree.js";
import { lower as lowerExperiment, withinBudget } from "./tensorflow/target.js";
import { type Headers, weightsFit } from "./weights/check.js";

/** What the compiler may ask of the world. All else is a pure function of the request. */
export interface World extends Facts {
  /** Absolute folder that relative names start from. */
  readonly cwd: string;
  /** The text of a spec, or, where it is a module, what running it came to. */
  readonly read: Read;
  /** What files of weights say of their tensors, without the numbers. */
  readonly headers: (files: ReadonlySet<string>) => T.Task<Headers>;
}

/** A world that answers at once, or knows of no weights: of tests, and of editors. */
export interface StillWorld extends Omit<World, "headers"> {
  readonly headers?: (files: ReadonlySet<string>) => Headers;
}

/** What a spec came to: its value, and everything found in it. */
export interface Check<A = Resolved> {
  /** Of the version that was asked for. */
  readonly result: Checked<A>;
  /** In the other variants too; in order, with places. */
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  /** Names that can stand behind `#`. */
  readonly variants: readonly string[];
}

/** From a spec's name to the program that trains it. */
export const compile = (world: World): ((request: Request) => T.Task<Check<Program>>) =>
  flow(check(world), T.map(lower));

/** The same without the program: finds every mistake in a spec and its variants. */
export const check = (world: World): ((request: Request) => T.Task<Check>) =>
  flow(parse(world.read), decode, normalize(world), ask(world), T.map(validate));

export const checkStill = (world: StillWorld): ((request: Request) => Check) =>
  flow(parse(world.read), decode, normalize(world), askStill(world), validate);

/** The data section alone, whatever is wrong elsewhere. */
export const checkData = (
  world: Pick<World, "read" | "cwd">,
): ((request: Request) => Check<Data>) =>
  flow(parse(world.read), decodeData, normalizeData(world), validateData);

/** The tree of each version becomes a value of the language (language/); what cannot be read hides nothing else. */
const decode = each((tree: Tree) =>
  E.right({ tree, read: recover(language, bareSpec, plain(tree)) }),
);

/** Everything left open is decided (normalize/). */
const normalize = ({ cwd }: Pick<World, "cwd">) =>
  each(({ tree, read }: Decoded<Spec>, variant) => {
    const normalized = normalizeSpec(read, tree, { cwd, variant });
    return E.right({
      tree,
      spec: read.value,
      ...normalized,
      found: [...read.found, ...normalized.found],
    });
  });

/** The headers of all files of weights that the versions name are read at once. */
const ask =
  (world: World) =>
  (of: Versions<Normalized>): T.Task<Asked> =>
    T.map((headers: Headers) => ({ ...of, headers, facts: world }))(world.headers(weightsIn(of)));

const askStill =
  (world: StillWorld) =>
  (of: Versions<Normalized>): Asked => ({
    ...of,
    headers: world.headers?.(weightsIn(of)) ?? new Map(),
    facts: world,
  });

/** Each version obeys the rules (rules/), its initial weights fit it, and its training fits into its budget. */
const validate = ({ facts, headers, ...of }: Asked): Check => {
  const fitting = [weightsFit(headers), withinBudget];
  return report(
    each(({ tree, spec, value, origins, found, observe }: Normalized) => {
      const rules = obeysRules(spec, value.experiment, facts, observe);
      const own = [...found, ...rules];
      // A network can be composed, and weighed, where nothing is wrong so far.
      const more = errorsIn(own).length > 0 ? [] : fitting.flatMap((check) => check(value));
      return E.right({ found: [...own, ...more].map(locate(tree, origins)), value });
    })(of),
  );
};

/** The graph of the training step (plan/, over model/, gradient/ and rewrite/). */
const lower = ({ result, ...rest }: Check): Check<Program> => ({
  ...rest,
  result: E.map(({ experiment }: Resolved) => lowerExperiment(experiment))(result),
});

interface Decoded<S> {
  readonly tree: Tree;
  readonly read: Recovered<S>;
}

interface Normalized extends NormalizedAs<Resolved> {
  readonly tree: Tree;
  readonly spec: Spec;
}

interface Asked extends Versions<Normalized> {
  readonly facts: Facts;
  readonly headers: Headers;
}

interface Judged<A> {
  readonly value: A;
  readonly found: readonly Diagnostic[];
}

/** Of versions in which nothing is wrong so far: others name files that nobody meant. */
const weightsIn = ({ versions }: Versions<Normalized>): ReadonlySet<string> =>
  new Set(
    versions.flatMap(({ value }) =>
      E.isRight(value) && errorsIn(value.right.found).length === 0
        ? (value.right.value.experiment.model.weights?.file ?? [])
        : [],
    ),
  );

const decodeData = each((tree: Tree) =>
  E.right({ tree, read: recover(dataAlone, bareSpec, plain(tree)) }),
);

const normalizeData = ({ cwd }: Pick<World, "cwd">) =>
  each(({ tree, read }: Decoded<t.TypeOf<typeof dataAlone>>) => {
    const normalized = normalizeDataOf(read, tree, cwd);
    return E.right({ ...normalized, tree, found: [...read.found, ...normalized.found] });
  });

interface NormalizedData extends NormalizedAs<Pick<Experiment, "data">> {
  readonly tree: Tree;
}

const validateData = flow(
  each(({ tree, value, found, origins, observe }: NormalizedData): Checked<Judged<Data>> => {
    const rules = obeysDataRules(value, observe);
    return E.right({ value: value.data, found: [...found, ...rules].map(locate(tree, origins)) });
  }),
  (of) => report(of),
);

/** Of the variants that were not asked for, the errors alone. */
const report = <A>({ versions, found, ...rest }: Versions<Judged<A>>): Check<A> => {
  const [main, ...others] = versions.map(({ variant, value }) => ({
    variant,
    found: E.isLeft(value) ? value.left : value.right.found,
    value,
  }));
  const own = [...found, ...(main?.found ?? [])];
  const inVariants = others.flatMap((other) =>
    errorsIn(other.found).map((d) => inVariant(other.variant, d)),
  );
  const value = main?.value;
  return {
    ...rest,
    diagnostics: inOrder([...own, ...inVariants]),
    result:
      value === undefined || E.isLeft(value)
        ? rejectAll(errorsIn(own))
        : unless(errorsIn(own), () => value.right.value),
  };
};

const inVariant = (name: string | null, d: Diagnostic): Diagnostic => ({
  ...d,
  notes: [...d.notes, `in the variant \`${name}\``],
});
