/** The forms of layers that are fastest on this machine: measures them, and keeps what was measured. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { getOrElse } from "fp-ts/lib/Option.js";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { cacheFolder } from "../file/cache.js";
import { cast, onArgs, slice, variable } from "../graph/compose.js";
import { type Graph, number } from "../graph/graph.js";
import { type Node, shapeOf, typeOf, type Variable } from "../graph/op.js";
import { product } from "../graph/type.js";
import { type Form, formsOf, inForm, isForm, type Layer, nameOf } from "../rewrite/forms.js";
import type { Want } from "../runtime/machine.js";
import { thisMachine } from "../runtime/machine.js";
import { openSession, type Session } from "../runtime/session.js";
import { layersIn } from "../target/kernels.js";
import { type Kernels, savedModel } from "../tensorflow/target.js";
import type { Event } from "./event.js";

/** A layer as `nameOf` names it, and how many of it the graphs have. */
export interface Found {
  readonly name: string;
  readonly layer: Layer & Node;
  readonly times: number;
}

export interface Tuned extends Found {
  /** Milliseconds, the median of several rounds; a form that the device refuses is not there. */
  readonly ms: ReadonlyMap<Form, number>;
}

/** Layers that have a choice, those that cost the same once. */
export const layersOf = (graphs: readonly Graph[]): readonly Found[] => {
  const found = new Map<string, Found>();
  for (const layer of graphs.flatMap(layersIn)) {
    const name = nameOf(layer);
    found.set(name, { name, layer, times: (found.get(name)?.times ?? 0) + 1 });
  }
  return [...found.values()];
};

/** Rounds end when this many were measured, or when they took this long. */
const [ROUNDS, SECONDS] = [9, 2];

/**
 * What was measured before `signal` stopped it.
 * @throws Failed: no TensorFlow, no such device.
 */
export async function* tune(
  found: readonly Found[],
  device: Want,
  signal?: AbortSignal,
): AsyncGenerator<Event, readonly Tuned[]> {
  const tuned: Tuned[] = [];
  for (const each of found) {
    if (signal?.aborted) break;
    yield { kind: "progress", what: "measuring layers", done: tuned.length, total: found.length };
    tuned.push({ ...each, ms: await measured(each.layer, device) });
  }
  yield { kind: "progress", what: "measuring layers", done: tuned.length, total: found.length };
  return tuned;
}

/** The fastest of the forms; one that only wins by noise does not displace TensorFlow's own kernel. */
export const fastest = ({ ms }: Tuned): Form => {
  const [[form, time] = ["native", 0] as const] = [...ms].sort(([, a], [, b]) => a - b);
  const own = ms.get("native");
  return own !== undefined && time > 0.95 * own ? "native" : form;
};

/** An argument that is there before the step begins, as the layer's own arguments are. */
const standIn = (arg: Node, i: number): { readonly held: Variable; readonly node: Node } => {
  const shape = shapeOf(arg);
  const held = variable({
    name: `argument${i}`,
    dtype: "f32",
    shape,
    role: "kernel",
    site: null,
    initial: { kind: "constant", value: 0 },
  });
  return { held, node: cast(held, typeOf(arg).dtype) };
};

/** One number of the result: all of it is computed, and nearly nothing crosses the border. */
const corner = (node: Node): Node => {
  const shape = shapeOf(node);
  const first = slice(
    node,
    shape.map(() => 0),
    shape.map(() => 1),
  );
  return cast(first, "f32");
};

const measured = async (layer: Layer & Node, device: Want): Promise<ReadonlyMap<Form, number>> => {
  const stands = layer.args.map(standIn);
  const alone = onArgs(layer, (arg, i) => stands[i]?.node ?? arg);
  const forms = formsOf(layer);
  const graphs = forms.map((form): [Form, Graph] => {
    const node = getOrElse<Node>(() => alone)(inForm(alone, form));
    return [form, number({ results: { corner: corner(node) }, updates: [] })];
  });
  const session = await openSession(savedModel(Object.fromEntries(graphs)), device);
  try {
    session.write(
      new Map(
        stands.map(({ held }) => {
          const { name, shape } = held.attributes;
          return [name, { shape, data: noise(product(shape)) }];
        }),
      ),
    );
    return medians(session, forms);
  } finally {
    session.dispose();
  }
};

/** Neither zeros, which some kernels skip, nor denormal. */
const noise = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => ((Math.imul(i + 1, 2654435761) >>> 8) % 2000) / 1000 - 1);

/** In turns, so that what else the machine does meets all forms alike; the first round warms up. */
const medians = (session: Session, forms: readonly Form[]): ReadonlyMap<Form, number> => {
  const times = new Map(forms.map((form): [Form, number[]] => [form, []]));
  const time = (form: Form): number => {
    const start = performance.now();
    session.run(form, {});
    return performance.now() - start;
  };
  for (const form of forms) {
    try {
      time(form);
    } catch {
      // This device has no kernel for the form.
      times.delete(form);
    }
  }
  const end = performance.now() + SECONDS * 1000;
  for (let round = 0; round < ROUNDS && (round < 3 || performance.now() < end); round++) {
    for (const [form, taken] of times) taken.push(time(form));
  }
  return new Map([...times].map(([form, taken]) => [form, median(taken)]));
};

/** A form that was never measured is never the fastest. */
const median = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b).at(times.length >> 1) ?? Number.POSITIVE_INFINITY;

/** Beside set-up's cache, a file a machine. */
export const tableFile = (machine: string): string => {
  const key = createHash("sha256").update(machine).digest("hex").slice(0, 16);
  return join(cacheFolder(), "kernels", `${key}.json`);
};

/** Of this machine: the forms that were measured, and guesses for all else. */
export const kernelsHere = (want: Want): Kernels => {
  const { name, ...machine } = thisMachine(want);
  return { machine, known: formsIn(tableFile(name)) };
};

/** With the forms that a run began with, so that it goes on in the same bits. */
export const asBegun = (
  run: { readonly kernels?: Kernels["known"] } | null,
  kernels: Kernels,
): Kernels => ({ ...kernels, known: { ...kernels.known, ...run?.kernels } });

/** Adds to what is known of this machine. @throws Failed where the file cannot be written. */
export const keepForms = async (want: Want, forms: Kernels["known"]): Promise<string> => {
  const { name } = thisMachine(want);
  const file = tableFile(name);
  makeFolder(dirname(file));
  const all = { ...formsIn(file), ...forms };
  await writeFileAtomic(file, `${JSON.stringify({ machine: name, forms: all }, null, 1)}\n`);
  return file;
};

/** Nothing where there is no such file, or a damaged one: a guess is always there. */
const formsIn = (file: string): Kernels["known"] => {
  if (!existsSync(file)) return {};
  try {
    const { forms } = JSON.parse(readFileSync(file, "utf8")) as { readonly forms?: object };
    const entries = Object.entries(forms ?? {}).filter(
      (entry): entry is [string, Form] => typeof entry[1] === "string" && isForm(entry[1]),
    );
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
};
