/** Sessions over several devices and machines, by the addon that set-up compiles (scripts/setup/engine). */

import { Failed } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import { configBytes, runOptions, serverDef } from "../tensorflow/config.js";
import type { SavedModel } from "../tensorflow/proto.js";
import type { Devices } from "../tensorflow/replica.js";
import { GangBroken, lostPeer, noEngine, refusedServer, stepFailed } from "./errors.js";
import { loadTensorFlow } from "./library.js";
import type { Want } from "./machine.js";
import {
  fedTo,
  inFolder,
  type NumberArray,
  settling,
  type TrainingSession,
  valuesIn,
} from "./session.js";
import { requireEngine } from "./tfjs.js";

/** The addon: what it throws has TensorFlow's number of the error as `code`. */
interface Engine {
  readonly serve: (definition: Uint8Array) => string;
  readonly open: (folder: string, target: string, config: Uint8Array) => object;
  readonly run: (
    session: object,
    inputs: readonly (readonly [string, readonly number[], Float32Array | Int32Array])[],
    outputs: readonly string[],
    options: Uint8Array,
  ) => Promise<(Float32Array | Int32Array)[]>;
  readonly close: (session: object) => void;
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
export interface Joined {
  /** Where the server of this process is asked for sessions. */
  readonly target: string;
  /** After which a run is given up; the first, in which all machines compile, may take as long as it needs. */
  readonly deadline: number;
}

/**
 * Loads `model`, whose training is divided among `devices`: no variable has a value until `write`. Runs do not block
 * this thread; there is one at a time.
 * @throws Failed where TensorFlow cannot be loaded, or has not these devices. A run throws where a device fails.
 */
export const openReplicas = async (
  model: SavedModel,
  device: Want,
  { names }: Pick<Devices, "names">,
  joined: Joined | null = null,
): Promise<TrainingSession> => {
  const { open, run: start, close } = await engine(device);
  const processors = names.filter((name) => name.includes("CPU")).length || 1;
  const session = await inFolder(model, (folder) =>
    open(folder, joined?.target ?? "", configBytes({ processors })),
  ).catch((error: unknown) => {
    throw error instanceof Failed ? error : new Failed(stepFailed(reasonOf(error)));
  });
  const keys = keysOf(model);
  const met = new Set<string>();
  const before = settling(model);
  const run: TrainingSession["run"] = async (name, inputs) => {
    for (const first of before(name)) await call(first, {});
    return call(name, inputs);
  };
  const call: TrainingSession["run"] = async (name, inputs) => {
    const signature = model.signatures[name];
    invariant(signature !== undefined, `there is no signature ${name}`);
    const given = fedTo(name, signature, inputs).map(
      ([, info, values]) => [info.name, info.shape ?? [], values] as const,
    );
    const outputs = Object.entries(signature.outputs);
    const deadline = joined !== null && met.has(name) ? joined.deadline : null;
    met.add(name);
    const got = await start(
      session,
      given,
      outputs.map(([, info]) => info.name),
      runOptions(deadline, joined === null ? null : (keys.get(name) ?? null)),
    ).catch((error: unknown) => {
      throw joined === null
        ? new Failed(stepFailed(reasonOf(error)))
        : new GangBroken(lostPeer(reasonOf(error), deadline));
    });
    return Object.fromEntries(
      outputs.map(([key, { shape }], i): [string, NumberArray] => {
        const data = got[i];
        invariant(data !== undefined, `${name} gives no ${key}`);
        return [key, { shape: shape ?? [], data }];
      }),
    );
  };
  return {
    run,
    write: async (state) => {
      await run("write", valuesIn(state));
    },
    read: async () => new Map(Object.entries(await run("read", {}))),
    dispose: () => close(session),
  };
};

/** A number for each signature in which replicas sum. What one process runs alone, as to save, counts for no other. */
const keysOf = ({ nodes }: SavedModel): ReadonlyMap<string, number> => {
  const summing = nodes.filter(({ op }) => op === "CollectiveReduceV2");
  const scopes = new Set(summing.map(({ name }) => name.slice(0, name.indexOf("/"))));
  return new Map([...scopes].map((scope, i) => [scope, i + 1]));
};

/**
 * Starts this process's server, by which the sessions of a gang reach each other; TensorFlow ends it with the process.
 * It listens on all interfaces, and asks nobody who he is. @throws Failed where the port is taken.
 */
export const serve = async (
  hosts: readonly string[],
  rank: number,
  device: Want,
  processors: number,
): Promise<string> => {
  const { serve: start } = await engine(device);
  try {
    return start(serverDef(hosts, rank, { processors }));
  } catch (error) {
    throw new Failed(refusedServer(hosts[rank] ?? "", reasonOf(error)));
  }
};
