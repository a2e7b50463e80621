/** Finds the weights in what a checkpoint holds: the dictionary with most tensors, however deep it lies. */

import * as E from "fp-ts/lib/Either.js";
import type { Budget } from "../source/budget.js";
import { globalName, isTensorCall } from "./objects.js";
import { type Call, type Dict, isCall, type Value } from "./pickle-machine.js";

export interface StateDict {
  /** The path of keys that leads to it: `model.state_dict`; "" where the file is the dictionary itself. */
  readonly inside: string;
  readonly tensors: ReadonlyMap<string, Call>;
  /** What else the file holds, by name, with the class of what is not run. */
  readonly beside: readonly string[];
}

/** Deepest nesting of dictionaries and modules; one may contain itself. */
const DEEPEST = 32;

interface Place {
  readonly path: readonly string[];
  readonly value: Value;
}

interface Candidate extends Place {
  readonly tensors: ReadonlyMap<string, Call>;
}

/** The weights, the keys of a file that has none, or what the budget says. */
export const findStateDict = (
  whole: Value,
  budget: Budget,
): E.Either<string, StateDict | readonly string[]> => {
  const found: Candidate[] = [];
  const queue: Place[] = [{ path: [], value: whole }];
  const seen = new Set<Value>([whole]);
  for (const place of queue) {
    const tensors = tensorsAt(place.value, budget);
    if (tensors.size > 0) found.push({ ...place, tensors });
    const isEnd = isModule(place.value) || place.path.length === DEEPEST;
    for (const [key, value] of isEnd ? [] : children(place.value)) {
      if (!budget.spend("steps")) break;
      if (typeof value !== "object" || value === null || isTensorCall(value) || seen.has(value))
        continue;
      seen.add(value);
      queue.push({ path: [...place.path, key], value });
    }
  }
  const over = budget.overrun();
  if (over !== null) return E.left(over);
  const [first, ...others] = found;
  if (first === undefined) return E.right([...children(whole)].map(([key]) => key));
  const best = others.reduce((a, b) => (rank(b) > rank(a) ? b : a), first);
  return E.right({
    inside: best.path.join("."),
    tensors: best.tensors,
    beside: besideOf(whole, best),
  });
};

/** An optimiser keeps more numbers by name than the network has weights. */
const rank = ({ path, tensors }: Candidate): number =>
  /optim|schedul|scaler/i.test(path.join(".")) ? tensors.size / 2 ** 40 : tensors.size;

/** What was set on a map, or on an object that Python makes a map of: `collections.OrderedDict`, for one. */
const entriesOf = (value: Value): Dict => {
  if (value instanceof Map) return value;
  if (!isCall(value)) return new Map();
  const [pairs] = value.args;
  const given = Array.isArray(pairs) ? pairs.flatMap(pairOf) : [];
  return given.length === 0 ? value.items : new Map([...given, ...value.items]);
};

const pairOf = (value: Value): readonly (readonly [string, Value])[] => {
  const [key, of, ...more] = Array.isArray(value) ? value : [];
  return typeof key === "string" && of !== undefined && more.length === 0 ? [[key, of]] : [];
};

function* children(value: Value): Iterable<readonly [key: string, value: Value]> {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield [String(i), item];
  yield* entriesOf(value);
  if (isCall(value)) yield* entriesOf(value.state);
}

/** A module of PyTorch, saved whole: its class is not run, what it holds is read. */
const isModule = (value: Value): value is Call =>
  isCall(value) && value.state instanceof Map && value.state.has("_modules");

const tensorsAt = (value: Value, budget: Budget): ReadonlyMap<string, Call> =>
  new Map(isModule(value) ? ofModule(value, "", 0, budget) : tensorsIn(entriesOf(value), ""));

function* tensorsIn(dict: Dict, prefix: string): Iterable<readonly [string, Call]> {
  for (const [key, value] of dict) if (isTensorCall(value)) yield [prefix + key, value];
}

/** As `state_dict()` would name them: parameters, buffers, and those of the modules inside. */
function* ofModule(
  module: Value,
  prefix: string,
  depth: number,
  budget: Budget,
): Iterable<readonly [string, Call]> {
  if (!isModule(module) || depth > DEEPEST || !budget.spend("steps")) return;
  const state = entriesOf(module.state);
  for (const key of ["_parameters", "_buffers"])
    yield* tensorsIn(entriesOf(state.get(key) ?? null), prefix);
  for (const [name, inner] of entriesOf(state.get("_modules") ?? null))
    yield* ofModule(inner, `${prefix}${name}.`, depth + 1, budget);
}

/** Siblings on the way to the dictionary, and what of it is no tensor. */
const besideOf = (whole: Value, { path, value, tensors }: Candidate): readonly string[] => {
  const beside: string[] = [];
  let at: Value = whole;
  for (const [depth, step] of path.entries()) {
    let next: Value = null;
    for (const [key, child] of children(at))
      if (key === step) next = child;
      else beside.push([...path.slice(0, depth), described(key, child)].join("."));
    at = next;
  }
  if (isModule(value)) return beside;
  const rest = [...children(value)].filter(([key]) => !tensors.has(key));
  return [...beside, ...rest.map(([key, child]) => described(key, child))];
};

const described = (key: string, value: Value): string => {
  const name = isTensorCall(value) ? "" : globalName(value);
  return name === "" || name === "collections.OrderedDict" ? key : `${key} (${name}, not run)`;
};
