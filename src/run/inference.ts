/** Trained weights ready for images of any size: reads the weights, and opens a session for each group of sizes. */

import { dirname } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { orThrow, valueOrThrow } from "../diagnostic/failure.js";
import type { Size } from "../language/geometry.js";
import { type Abilities, sizeName } from "../plan/graphs.js";
import type { Program } from "../plan/program.js";
import type { Want } from "../runtime/machine.js";
import { openSession, type Session } from "../runtime/session.js";
import { sessionModelFor } from "../tensorflow/target.js";
import { networkVariables } from "../weights/fit.js";
import { averaged, load, select } from "../weights/load.js";
import { withWeights } from "../weights/open.js";
import type { Safetensors } from "../weights/safetensors.js";
import { readSafetensors, weightsOf } from "./checkpoint.js";
import type { Event } from "./event.js";
import { kernelsHere } from "./kernels.js";
import { version as pspc, readRecord } from "./record.js";

/** Trained weights: those of a run, or of a file. */
export type Trained = { readonly folder: string } | { readonly weights: string };

export interface Network extends Safetensors {
  readonly program: Program;
  /** Where the weights were read. */
  readonly file: string;
  /** By which names older versions knew the training of the run that the weights lie in. */
  readonly formerly: readonly string[];
  readonly device: Want;
}

export const readNetwork = async (
  program: Program,
  trained: Trained,
  device: Want,
): Promise<Network> => {
  if ("weights" in trained) {
    const formerly = formerlyIn(dirname(trained.weights));
    return { program, device, formerly, ...(await foreign(program, trained.weights)) };
  }
  const file = weightsOf(trained.folder);
  const formerly = formerlyIn(trained.folder);
  return { program, file, device, formerly, ...(await readSafetensors(file)) };
};

/** Nothing where the folder holds no run, or a damaged one: its weights may be whole. */
const formerlyIn = (folder: string): readonly string[] =>
  pipe(
    readRecord(folder),
    E.match(
      () => [],
      ({ formerly }) => formerly,
    ),
  );

/** Weights of any format, by the names of any program that pspc knows. @throws Failed where they do not fit. */
const foreign = ({ experiment }: Program, file: string) =>
  orThrow(
    withWeights(file, (opened) =>
      pipe(
        load(opened, networkVariables(experiment, "infer"), experiment.model),
        E.map((tensors) => ({ file, metadata: opened.metadata, tensors })),
      ),
    ),
  );

/** Says so where weights come from another training than the program's, though they fit its network. */
export const strangers = ({ program, metadata, file, formerly }: Network): readonly Event[] => {
  const { program: trained, training, version } = metadata;
  if (trained === undefined && training === undefined) return [];
  if (
    trained === undefined
      ? formerly.includes(training ?? "")
      : trained === program.fingerprint.program
  )
    return [];
  const message =
    version !== pspc && version?.startsWith("0.1.")
      ? `${file} was written by pspc ${version}, which named plans in another way: whether this spec's plan trained it cannot be told`
      : `${file} was trained by another plan than this spec's`;
  return [{ kind: "note", message }];
};

/** Whoever reads classes hears that they are not those of 32 bits; scores say it beside them. */
export const rounded = ({ program }: Network): readonly Event[] =>
  program.experiment.evaluate.precision === "f32"
    ? []
    : [{ kind: "note", message: "classes are computed in bf16, as `evaluate.precision` says" }];

export interface Measured<A> {
  readonly item: A;
  readonly size: Size;
}

export interface Served<A> {
  readonly session: Session;
  readonly members: readonly Measured<A>[];
}

/** Sizes that one session can take: each is a graph of its own, with its own workspace. */
export const SIZES = 8;

/**
 * Sessions, one after the other, that together serve every image; each is closed when the next is asked for.
 * Images of one size come together, the most frequent size first.
 */
export async function* serve<A>(
  network: Network,
  ability: keyof Pick<Abilities, "evaluate" | "predict" | "logits">,
  images: readonly Measured<A>[],
  more: Pick<Abilities, "asked" | "classes"> = {},
): AsyncGenerator<Served<A>> {
  const bySize = [...groups(images)].sort((a, b) => b.length - a.length);
  for (let first = 0; first < bySize.length; first += SIZES) {
    const chunk = bySize.slice(first, first + SIZES);
    const sizes = chunk.map(([{ size }]) => size);
    const session = await openNetwork(network, { ...more, [ability]: sizes });
    try {
      yield { session, members: chunk.flat() };
    } finally {
      session.dispose();
    }
  }
}

/** A session that holds the network's weights. @throws Failed */
export const openNetwork = async (
  { program, tensors, file, device }: Network,
  can: Abilities,
): Promise<Session> => {
  const { model, variables } = sessionModelFor(program, can, kernelsHere(device));
  const session = await openSession(model, device);
  try {
    session.write(valueOrThrow(select(averaged(tensors), variables, file)));
    return session;
  } catch (error) {
    session.dispose();
    throw error;
  }
};

type SameSize<A> = [Measured<A>, ...Measured<A>[]];

const groups = <A>(images: readonly Measured<A>[]): Iterable<SameSize<A>> => {
  const known = new Map<string, SameSize<A>>();
  for (const image of images) {
    const name = sizeName(image.size);
    const group = known.get(name);
    if (group === undefined) known.set(name, [image]);
    else group.push(image);
  }
  return known.values();
};

/** Applies `read` to each item, `count` ahead of whoever takes the results: files are read while the device computes. */
export async function* ahead<A, B>(
  items: readonly A[],
  read: (item: A) => Promise<B>,
  count = 1,
): AsyncGenerator<readonly [A, B]> {
  const start = (item: A): Promise<B> => {
    const started = read(item);
    // Whoever awaits it hears of a failure; nobody may be left to.
    started.catch(() => {});
    return started;
  };
  const coming = items.slice(0, count).map(start);
  for (const [i, item] of items.entries()) {
    const result = await coming.shift()!;
    coming.push(...items.slice(i + count, i + count + 1).map(start));
    yield [item, result];
  }
}
