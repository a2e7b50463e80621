/** The forms of layers that are fastest on this machine: measures them, and says of which it cannot be told. */

import { getOrElse } from "fp-ts/lib/Option.js";
import { cast, input, multiply, onArgs, scalar, variable } from "../graph/compose.js";
import { type Graph, mapStep, number, rootsOf, stepOf, type Update } from "../graph/graph.js";
import { type Node, shapeOf, typeOf, type Variable } from "../graph/op.js";
import { product } from "../graph/type.js";
import { type Form, formsOf, inForm, isForm, type Layer, nameOf } from "../rewrite/forms.js";
import { settled } from "../rewrite/freeze.js";
import { changed } from "../rewrite/rewrite.js";
import type { Want } from "../runtime/machine.js";
import { openSession } from "../runtime/session.js";
import { layersIn } from "../target/kernels.js";
import { savedModel } from "../tensorflow/target.js";
import { corner } from "./calibrate.js";
import type { Event } from "./event.js";
import { kernelsHere } from "./kernels.js";
import { inParts, median, quantile, ratios, type Times, type Timing, timed } from "./timing.js";

/** A layer as `nameOf` names it, and how many of it the graphs have. */
export interface Found {
  readonly name: string;
  readonly layer: Layer & Node;
  readonly times: number;
  /** Whether what its weights alone decide is there before it is asked. */
  readonly isSettled: boolean;
}

export interface Tuned extends Found {
  /** Milliseconds of each round; a form that the device refuses is not there. */
  readonly rounds: ReadonlyMap<Form, readonly number[]>;
  /** The same once more of two: TensorFlow's own kernel, and the form that won. */
  readonly again: ReadonlyMap<Form, readonly number[]>;
}

/** The graphs of a training, and those of networks that are asked. */
export interface Tunable {
  readonly training: readonly Graph[];
  readonly asked: readonly Graph[];
}

/** Layers that have a choice, those that cost the same once. */
export const layersOf = ({ training, asked }: Tunable): readonly Found[] => {
  const found = new Map<string, Found>();
  const all = [
    ...training.flatMap(layersIn).map((layer) => ({ layer, isSettled: false })),
    ...asked.flatMap(layersIn).map((layer) => ({ layer, isSettled: true })),
  ];
  for (const { layer, isSettled } of all) {
    const name = nameOf(layer, isSettled);
    found.set(name, { name, layer, isSettled, times: (found.get(name)?.times ?? 0) + 1 });
  }
  return [...found.values()];
};

const ROUNDS = { rounds: 24, seconds: 1 };
/** Parts of the rounds that are compared (`inParts`). */
const PARTS = 4;

/** A form must save this share of the time of TensorFlow's own kernel, or it wins by noise. */
const CLEAR = 0.95;

/**
 * What was measured before `signal` stopped it.
 * @throws Failed: no TensorFlow, no such device.
 */
export async function* tune(
  found: readonly Found[],
  device: Want,
  signal?: AbortSignal,
  clock?: Timing["clock"],
): AsyncGenerator<Event, readonly Tuned[]> {
  const tuned: Tuned[] = [];
  for (const each of found) {
    if (signal?.aborted) break;
    yield { kind: "progress", what: "measuring layers", done: tuned.length, total: found.length };
    tuned.push({ ...each, ...(await measured(each, device, clock)) });
  }
  yield { kind: "progress", what: "measuring layers", done: tuned.length, total: found.length };
  return tuned;
}

const best = (rounds: Tuned["rounds"]): Form =>
  [...rounds].sort(([, a], [, b]) => quantile(a, 0.25) - quantile(b, 0.25))[0]?.[0] ?? "native";

/** What a form takes of the time of TensorFlow's own kernel, part by part of the rounds. */
const sharesOf = (form: Form, rounds: Tuned["rounds"]): readonly number[] =>
  ratios(inParts(rounds.get(form) ?? [], PARTS), inParts(rounds.get("native") ?? [], PARTS));

/**
 * The fastest of the forms; `null` where it cannot be told: what won the rounds did not win again, or the rounds differ
 * among themselves more than the forms do. One that wins by little does not displace TensorFlow's own kernel.
 */
export const fastest = ({ rounds, again }: Pick<Tuned, "rounds" | "again">): Form | null => {
  const form = best(rounds);
  if (form === "native" || !rounds.has("native")) return form;
  const first = sharesOf(form, rounds);
  if (median(first) > CLEAR) return "native";
  const second = sharesOf(form, again);
  const isClear = [first, second].every((shares) => quantile(shares, 0.75) < 1);
  return isClear && median(second) < CLEAR ? form : null;
};

/** Numbers as a layer finds them: there before it begins, in the layer's own format. */
const ready = (arg: Node, i: number): Variable => {
  const { dtype, shape } = typeOf(arg);
  return variable({
    name: `ready${i}`,
    dtype: dtype === "bf16" ? "bf16" : "f32",
    shape,
    role: "settled",
    site: null,
    initial: { kind: "constant", value: 0 },
  });
};

interface Formed {
  readonly graph: Graph;
  /** What is computed once before. */
  readonly before: readonly Update<Node>[];
}

/** The layer in a form, on numbers that are there; of settled weights what the form makes of them is there too. */
const formed = ({ layer, isSettled }: Found, form: Form): Formed => {
  const there = layer.args.map(ready);
  const [image] = there;
  const asked = input("image", typeOf(layer.args[0]).dtype, ...shapeOf(layer.args[0]));
  const args = isSettled ? [asked, ...there.slice(1)] : there;
  const alone = onArgs(layer, (arg, i) => args[i] ?? arg);
  const node = getOrElse<Node>(() => alone)(inForm(alone, form));
  const graph = number({ results: { corner: corner(node) }, updates: [] });
  if (!isSettled || image === undefined) return { graph, before: [] };
  const { questions, settle } = settled({ question: graph });
  const mine = (of: Node): Node =>
    of.op === "variable" && of.attributes.name.startsWith("settled/")
      ? variable({ ...of.attributes, name: `${form}/${of.attributes.name}` })
      : of;
  const step = stepOf(questions.question ?? graph);
  const to = changed(rootsOf(step), (of) => (of.op === "input" ? image : mine(of)));
  const before = stepOf(settle).updates.map(({ variable: v, value }) => ({
    variable: mine(v),
    value,
  }));
  return { graph: number(mapStep(step, to)), before };
};

const measured = async (
  found: Found,
  device: Want,
  clock: Timing["clock"],
): Promise<Pick<Tuned, "rounds" | "again">> => {
  const forms = formsOf(found.layer);
  const all = new Map(forms.map((form) => [form, formed(found, form)]));
  // Written in f32, for nothing else crosses the border, and brought into the layer's format once.
  const written = found.layer.args.map((arg, i) =>
    variable({ ...ready(arg, i).attributes, name: `argument${i}`, dtype: "f32", role: "kernel" }),
  );
  const fill = written.map((from, i): Update<Node> => {
    const to = ready(found.layer.args[i] ?? from, i);
    return { variable: to, value: cast(multiply(from, scalar(1)), typeOf(to).dtype) };
  });
  const settle = [...all.values()].flatMap(({ before }) => before);
  const doing = (updates: readonly Update<Node>[]): Graph =>
    number({ results: { done: scalar(1, "i32") }, updates });
  const graphs = {
    fill: doing(fill),
    ...(settle.length === 0 ? {} : { settle: doing(settle) }),
    ...Object.fromEntries([...all].map(([form, { graph }]) => [form, graph])),
  };
  // In the kernels that this machine has.
  const kernels = { ...kernelsHere(device), known: {} };
  const session = await openSession(savedModel(graphs, kernels), device);
  try {
    session.write(
      new Map(
        written.map(({ attributes: { name, shape } }) => [
          name,
          { shape, data: noise(product(shape)) },
        ]),
      ),
    );
    session.run("fill", {});
    if (settle.length > 0) session.run("settle", {});
    const own = clock === undefined ? {} : { clock };
    const rounds = byForm(timed(session, forms, { ...ROUNDS, ...own }));
    const winner = best(rounds);
    const two =
      winner === "native" ? [] : ["native", winner].filter((one) => isForm(one) && rounds.has(one));
    return {
      rounds,
      again: two.length < 2 ? new Map() : byForm(timed(session, two, { ...ROUNDS, ...own })),
    };
  } finally {
    session.dispose();
  }
};

const byForm = (times: Times): Tuned["rounds"] =>
  new Map([...times].flatMap(([name, taken]) => (isForm(name) ? [[name, taken] as const] : [])));

/** Neither zeros, which some kernels skip, nor denormal. */
const noise = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => ((Math.imul(i + 1, 2654435761) >>> 8) % 2000) / 1000 - 1);
