/** Sessions over several devices and machines, by the addon that set-up compiles (scripts/setup/engine). */

import { setTimeout } from "node:timers/promises";
import { Failed } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import { configBytes, runOptions, serverDef } from "../tensorflow/config.js";
import type { SavedModel, Signature } from "../tensorflow/proto.js";
import type { Devices } from "../tensorflow/replica.js";
import { GangBroken, latePeer, lostPeer, noEngine, refusedServer, stepFailed } from "./errors.js";
import { loadTensorFlow } from "./library.js";
import type { Want } from "./machine.js";
import { type Peers, watchPeers } from "./peers.js";
import {
  fedTo,
  inFolder,
  type NumberArray,
  oneByOne,
  settling,
  type TrainingSession,
  valuesIn,
} from "./session.js";
import { requireEngine } from "./tfjs.js";

/** The addon: what it throws has TensorFlow's number of the error as `code`. */
interface Engine {
  readonly serve: (definition: Uint8Array) => string;
  readonly open: (folder: string, target: string, config: Uint8Array) => Promise<object>;
  readonly run: (
    session: object,
    inputs: readonly (readonly [string, readonly number[], Float32Array | Int32Array])[],
    outputs: readonly string[],
    options: Uint8Array,
  ) => Promise<(Float32Array | Int32Array)[]>;
  readonly close: (session: object) => void;
  /** Ends the process, and waits for none of its threads. */
  readonly leave: (code: number) => never;
}

const engine = async (device: Want): Promise<Engine> => {
  // It reads the environment, and brings CUDA's libraries.
  await loadTensorFlow(device);
  try {
    return requireEngine() as Engine;
  } catch (error) {
    throw new Failed(noEngine(reasonOf(error)));
  }
};

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : `${error}`);

/** What joins the sessions of a gang. */
export interface Joined extends Peers {
  /** Where the server of this process is asked for sessions. */
  readonly target: string;
  /** Seconds after which a run is given up; the first, in which all machines compile, may take as long as it needs. */
  readonly deadline: number;
}

/**
 * Loads `model`, whose training is divided among `devices`: no variable has a value until `write`. Runs do not block
 * this thread; there is one at a time, but for questions to different devices.
 * @throws Failed where TensorFlow cannot be loaded, or has not these devices. A run throws where a device fails.
 */
export const openReplicas = async (
  model: SavedModel,
  device: Want,
  { names }: Pick<Devices, "names">,
  joined: Joined | null = null,
): Promise<TrainingSession> => {
  const addon = await engine(device);
  const processors = names.filter((name) => name.includes("CPU")).length || 1;
  const session = await inFolder(model, (folder) =>
    together(addon.open(folder, joined?.target ?? "", configBytes({ processors })), joined, null),
  );
  const run = settledFirst(model, calling(addon, session, model, joined));
  return {
    run,
    write: async (state) => {
      await run("write", valuesIn(state));
    },
    read: async () => new Map(Object.entries(await run("read", {}))),
    each: async (names, use) => {
      const values = await run("read", {});
      await oneByOne(names, (name) => takenFrom(values, name), use);
    },
    devices: names.length,
    dispose: () => addon.close(session),
  };
};

type Run = (...asked: Parameters<TrainingSession["run"]>) => Promise<Record<string, NumberArray>>;

/** Runs one signature, within the deadline from its second time on. */
const calling = (
  { run: start }: Engine,
  session: object,
  { signatures, nodes }: SavedModel,
  joined: Joined | null,
): Run => {
  const keys = keysOf(nodes);
  const met = new Set<string>();
  return async (name, inputs) => {
    const signature = signatures[name];
    invariant(signature !== undefined, `there is no signature ${name}`);
    const given = fedTo(name, signature, inputs).map(
      ([, info, values]) => [info.name, info.shape ?? [], values] as const,
    );
    const outputs = Object.values(signature.outputs).map((info) => info.name);
    const deadline = joined !== null && met.has(name) ? joined.deadline : null;
    met.add(name);
    const options = runOptions(deadline, joined === null ? null : (keys.get(name) ?? null));
    const got = await together(start(session, given, outputs, options), joined, deadline);
    return named(name, signature, got);
  };
};

const named = (
  name: string,
  { outputs }: Signature,
  got: readonly NumberArray["data"][],
): Record<string, NumberArray> =>
  Object.fromEntries(
    Object.entries(outputs).map(([key, { shape }], i): [string, NumberArray] => {
      const data = got[i];
      invariant(data !== undefined, `${name} gives no ${key}`);
      return [key, { shape: shape ?? [], data }];
    }),
  );

/** Questions that are asked at one time wait for one settling. */
const settledFirst = (model: SavedModel, call: Run): Run => {
  const before = settling(model);
  let settled: Promise<unknown> = Promise.resolve();
  return async (name, inputs) => {
    for (const first of before(name)) settled = settled.then(() => call(first, {}));
    await settled;
    return call(name, inputs);
  };
};

const takenFrom = (values: Record<string, NumberArray>, name: string): NumberArray => {
  const value = values[name];
  invariant(value !== undefined, `there is no variable ${name}`);
  delete values[name];
  return value;
};

/** Milliseconds in which it becomes known who is gone, where a call fails by it. */
const NAMED = 1000;

/** TensorFlow's number for a run that was given up. */
const TOO_LONG = "4";

/** What a call gives. @throws Failed where a device fails; GangBroken where another process does, by its name if it is gone. */
const together = async <A>(
  call: Promise<A>,
  joined: Joined | null,
  deadline: number | null,
): Promise<A> => {
  try {
    // A call that hangs on a process which is gone is not waited for.
    return await (joined === null ? call : Promise.race([call, joined.lost]));
  } catch (error) {
    if (error instanceof Failed) throw error;
    if (joined === null) throw new Failed(stepFailed(reasonOf(error)));
    const isLate = (error as { readonly code?: string }).code === TOO_LONG;
    if (!isLate) await Promise.race([joined.lost, setTimeout(NAMED)]);
    throw new GangBroken(isLate ? latePeer(deadline ?? 0) : lostPeer(reasonOf(error)));
  } finally {
    call.catch(() => undefined);
  }
};

/** A number for each signature in which replicas sum. What one process runs alone, as to save, counts for no other. */
const keysOf = (nodes: SavedModel["nodes"]): ReadonlyMap<string, number> => {
  const summing = nodes.filter(({ op }) => op === "CollectiveReduceV2");
  const scopes = new Set(summing.map(({ name }) => name.slice(0, name.indexOf("/"))));
  return new Map([...scopes].map((scope, i) => [scope, i + 1]));
};

/**
 * Starts this process's server, by which the sessions of a gang reach each other, and watches the others. It listens on
 * all interfaces, and asks nobody who he is; it ends with the process, which from now on waits for nothing at its end.
 * @throws Failed where the port is taken.
 */
export const join = async (
  { hosts, rank, deadline }: Pick<Joined, "deadline"> & Place,
  device: Want,
  processors: number,
): Promise<Joined> => {
  const { serve, leave } = await engine(device);
  try {
    const target = serve(serverDef(hosts, rank, { processors }));
    process.once("exit", leave);
    return { target, deadline, ...watchPeers(hosts, rank) };
  } catch (error) {
    throw new Failed(refusedServer(hosts[rank] ?? "", reasonOf(error)));
  }
};

interface Place {
  readonly hosts: readonly string[];
  readonly rank: number;
}
