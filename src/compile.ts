/** The compiler: the whole path of a spec, from its name to the program that trains it, or to every mistake in it. */

import * as E from "fp-ts/lib/Either.js";
import { flow } from "fp-ts/lib/function.js";
import * as T from "fp-ts/lib/Task.js";
import {
  type Checked,
  type Diagnostic,
  errorsIn,
  inOrder,
  rejectAll,
  unless,
} from "./diagnostic/diagnostic.js";
import type { Sources } from "./diagnostic/text.js";
import { recover } from "./language/decode.js";
import { bareSpec, spec as language, type Spec } from "./language/spec.js";
import type { Data } from "./normalize/experiment.js";
import type { Read } from "./normalize/extend.js";
import {
  type Normalized as NormalizedAs,
  normalize as normalizeSpec,
  type Resolved,
} from "./normalize/normalize.js";
import { locate } from "./normalize/origin.js";
import { each, parse, type Request, type Version, type Versions } from "./normalize/versions.js";
import { remembered } from "./plan/budget.js";
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

/** The version that was asked for as far as it could be read, whatever is wrong with it. */
export interface Look extends NormalizedAs<Resolved> {
  /** With parents, variant and overrides merged into it. */
  readonly tree: Tree;
}

export interface Inspection {
  readonly check: Check;
  /** Nothing where the text cannot be read as a spec at all. */
  readonly look: Look | undefined;
}

/** For editors: a check, and beside it what every key is decided to while others are still wrong. */
export const inspect = (world: StillWorld): ((request: Request) => Inspection) =>
  flow(parse(world.read), decode, normalize(world), askStill(world), (asked) => ({
    check: validate(asked),
    look: asked.versions[0],
  }));

/** The same of the data section alone, whatever is wrong elsewhere. */
export const checkData = (
  world: Pick<World, "read" | "cwd">,
): ((request: Request) => Check<Data>) =>
  flow(parse(world.read), decode, normalize(world), validateData);

interface Decoded extends Version {
  readonly spec: Spec;
}

type Normalized = Decoded & NormalizedAs<Resolved>;

interface Asked extends Versions<Normalized> {
  readonly facts: Facts;
  readonly headers: Headers;
}

/** The tree of each version becomes a value of the language (language/); what cannot be read hides nothing else. */
const decode = each((version: Version): Decoded => {
  const { value: spec, ...read } = recover(language, bareSpec, plain(version.tree));
  const poisoned = new Set([...version.poisoned, ...read.poisoned]);
  return { ...version, spec, poisoned, found: [...version.found, ...read.found] };
});

/** Everything left open is decided (normalize/). */
const normalize = ({ cwd }: Pick<World, "cwd">) =>
  each((version: Decoded): Normalized => {
    const { spec: value, poisoned, tree, variant } = version;
    const normalized = normalizeSpec({ value, poisoned }, tree, { cwd, variant });
    return { ...version, ...normalized, found: [...version.found, ...normalized.found] };
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

const weightsIn = ({ versions }: Versions<Normalized>): ReadonlySet<string> =>
  new Set(versions.flatMap(({ value }) => value.experiment.model.weights?.file ?? []));

/** Each version obeys the rules (rules/), its initial weights fit it, and its training fits into its budget. */
const validate = ({ facts, headers, ...of }: Asked): Check => {
  const fitting = [weightsFit(headers), keepsBudget];
  const judge = (version: Normalized): Normalized => {
    const { spec, value, observe } = version;
    const rules = obeysRules(spec, value.experiment, facts, observe);
    // A network can be composed, and weighed, of what all rules have looked at and found right.
    const isSound = !rules.silenced && errorsIn(rules.found).length === 0;
    const looks = isSound ? fitting.map((fits) => observe(() => fits(value))) : [];
    const more = looks.flatMap(({ value: found, touched }) => (touched ? [] : found));
    return { ...version, found: [...version.found, ...rules.found, ...more] };
  };
  return report(each(judge)(of), (value) => value);
};

const budgets = remembered((experiment) => withinBudget({ experiment }));

const keepsBudget = ({ experiment }: Resolved): readonly Diagnostic[] => {
  const { memory } = experiment.train;
  return memory !== null && "budget" in memory ? budgets.of(experiment) : [];
};

/** Only what is wrong with the data, or keeps them from being read, counts. */
const validateData = (of: Versions<Normalized>): Check<Data> => {
  const judge = (version: Normalized): Normalized => {
    const { value, observe } = version;
    const { found } = obeysDataRules(value.experiment, observe);
    const { touched: isUnread } = observe(() => JSON.stringify(value.experiment.data));
    const ofData = version.found.filter(({ primary: { path } }) => path[0] === "data");
    const around = version.found.filter(({ primary: { path } }) => path.length < 2);
    const own = ofData.length === 0 && isUnread ? around : ofData;
    return { ...version, found: [...own, ...found] };
  };
  return report(each(judge)(of), ({ experiment }) => experiment.data);
};

/** The graph of the training step (plan/, over model/, gradient/ and rewrite/). */
const lower = ({ result, ...rest }: Check): Check<Program> => ({
  ...rest,
  result: E.map(({ experiment }: Resolved) => lowerExperiment(experiment))(result),
});

/** Everything found, with places. Of the variants that were not asked for, the errors alone. */
const report = <A>(
  { versions, found, ...rest }: Versions<Normalized>,
  resultOf: (value: Resolved) => A,
): Check<A> => {
  const [main, ...others] = versions;
  const own = [...found, ...(main === undefined ? [] : placed(main, rest.sources))];
  const inVariants = others.flatMap((other) =>
    errorsIn(placed(other, rest.sources)).map((d) => inVariant(other.variant, d)),
  );
  const errors = errorsIn(own);
  return {
    ...rest,
    diagnostics: inOrder([...own, ...inVariants]),
    result: main === undefined ? rejectAll(errors) : unless(errors, () => resultOf(main.value)),
  };
};

const placed = ({ found, tree, origins }: Normalized, sources: Sources): readonly Diagnostic[] =>
  found.map(locate(tree, origins, sources));

const inVariant = (name: string | null, d: Diagnostic): Diagnostic => ({
  ...d,
  notes: [...d.notes, `in the variant \`${name}\``],
});
