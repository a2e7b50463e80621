/**
 * Several processes, one a machine, that train as one: where each finds its place, from where they begin, and what they
 * tell each other. Whatever goes wrong in one ends all; the same command then goes on from the last checkpoint.
 */

import { createHash } from "node:crypto";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { setTimeout } from "node:timers/promises";
import * as E from "fp-ts/lib/Either.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { invariant } from "../diagnostic/invariant.js";
import type { Ops } from "../graph/op.js";
import { product } from "../graph/type.js";
import type { Program } from "../plan/program.js";
import { GangBroken } from "../runtime/errors.js";
import type { State, TrainingSession } from "../runtime/session.js";
import { noPlace, otherTraining, publicHost } from "./errors.js";
import { version } from "./record.js";

/** Of one process among all: hosts with their ports, in the order of the ranks. */
export interface Place {
  readonly hosts: readonly string[];
  readonly rank: number;
}

export interface Gang extends Place {
  /** Replicas of this process; each has as many. */
  readonly devices: number;
  /** Seconds that a step may take, but for the first. */
  readonly deadline: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The nodes of a list such as `n[1-4]`, as Slurm writes it. */
export type Expand = (nodes: string) => readonly string[];

const PORT = 7100;

/**
 * The place that the launcher tells, by the first of: PSPC_HOSTS and PSPC_RANK; TF_CONFIG; Slurm's; Open MPI's and
 * torchrun's ranks; Kubernetes' index of an Indexed Job with a headless service.
 */
export const placeIn = (env: Environment, expand: Expand): E.Either<Failure, Place> => {
  const hosts = env.PSPC_HOSTS?.split(",").map((host) => host.trim());
  const port = Number(env.PSPC_PORT ?? PORT);
  const found =
    ranked(hosts, env.PSPC_RANK, port) ??
    fromConfig(env.TF_CONFIG) ??
    ranked(hosts ?? nodesOf(env, expand), env.SLURM_PROCID, port) ??
    ranked(hosts, env.OMPI_COMM_WORLD_RANK, port) ??
    ranked(hosts ?? fromTorchrun(env), env.RANK, port) ??
    ranked(hosts ?? fromService(env), env.JOB_COMPLETION_INDEX, port);
  if (found === null) return E.left(noPlace("none of these variables tells of a gang"));
  const { rank, hosts: all } = found;
  return Number.isInteger(rank) && rank >= 0 && rank < all.length
    ? E.right(found)
    : E.left(noPlace(`rank ${rank} is none of ${all.length} hosts`));
};

/** Hosts that name no port have one by their rank. */
const ranked = (
  hosts: readonly string[] | null | undefined,
  rank: string | undefined,
  port: number,
): Place | null =>
  hosts == null || rank === undefined
    ? null
    : {
        hosts: hosts.map((host, i) => (/:\d+$/.test(host) ? host : `${host}:${port + i}`)),
        rank: Number(rank),
      };

/** Of Kubeflow and Vertex: the workers, and before them the chief. */
const fromConfig = (text: string | undefined): Place | null => {
  if (text === undefined) return null;
  const { cluster = {}, task = {} } = JSON.parse(text) as {
    readonly cluster?: Readonly<Record<string, readonly string[]>>;
    readonly task?: { readonly type?: string; readonly index?: number };
  };
  const chief = cluster.chief ?? cluster.master ?? [];
  const before = task.type === "worker" ? chief.length : 0;
  return { hosts: [...chief, ...(cluster.worker ?? [])], rank: before + (task.index ?? 0) };
};

/** A host a task: nodes repeat as often as they have tasks, in blocks. */
const nodesOf = (env: Environment, expand: Expand): readonly string[] | null => {
  const { SLURM_JOB_NODELIST: list, SLURM_NTASKS: tasks } = env;
  if (list === undefined) return null;
  const nodes = expand(list);
  const each = Math.ceil(Number(tasks ?? nodes.length) / nodes.length);
  return nodes.flatMap((node) => Array.from({ length: each }, () => node)).slice(0, Number(tasks));
};

/** torchrun tells one address: enough where all processes are on that machine. */
const fromTorchrun = ({ MASTER_ADDR, WORLD_SIZE, LOCAL_WORLD_SIZE }: Environment) =>
  MASTER_ADDR !== undefined && WORLD_SIZE !== undefined && WORLD_SIZE === LOCAL_WORLD_SIZE
    ? Array.from({ length: Number(WORLD_SIZE) }, () => MASTER_ADDR)
    : null;

/** Pods of an Indexed Job are called JOB-INDEX.SERVICE. */
const fromService = ({ HOSTNAME, PSPC_SERVICE, PSPC_SIZE }: Environment) => {
  const job = /^(.*)-\d+$/.exec(HOSTNAME ?? "")?.[1];
  return job !== undefined && PSPC_SERVICE !== undefined && PSPC_SIZE !== undefined
    ? Array.from({ length: Number(PSPC_SIZE) }, (_, i) => `${job}-${i}.${PSPC_SERVICE}`)
    : null;
};

const isPrivate = (address: string): boolean =>
  /^(10|127)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^169\.254\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(
    address.replace(/^::ffff:/, ""),
  ) || /^(::1$|f[cd]|fe80:)/i.test(address);

/** TensorFlow's servers ask nobody who he is. @throws Failed where a host has an address that the world can reach. */
export const demandPrivate = async (hosts: readonly string[]): Promise<void> => {
  for (const host of new Set(hosts.map((each) => each.replace(/:\d+$/, "")))) {
    const bare = host.replace(/^\[|\]$/g, "");
    const address = isIP(bare) > 0 ? bare : (await lookup(bare).catch(() => null))?.address;
    // A name that is not known yet is not known to the world either.
    if (address !== undefined && !isPrivate(address)) throw new Failed(publicHost(host, address));
  }
};

/** The places of a batch that this process reads: its rows of each part. */
export const placesIn = (
  { batch, accumulate }: { readonly batch: number; readonly accumulate: number },
  { rank, hosts }: Place,
): readonly number[] => {
  const part = batch / accumulate;
  const share = part / hosts.length;
  return Array.from({ length: accumulate }, (_, i) =>
    Array.from({ length: share }, (__, k) => i * part + rank * share + k),
  ).flat();
};

/** A row a replica of this process; what the process says stands in the first. */
const row = (of: Gang, value: number): Float32Array => {
  const all = new Float32Array(of.devices);
  all[0] = value;
  return all;
};

export interface Beginning {
  /** Steps that the state has behind it. */
  readonly step: number;
  /** Whether the scores of that step are told. */
  readonly told: boolean;
}

/** Whoever waits for others may be told to stop. */
export const unlessStopped = async <A>(
  waiting: A | Promise<A>,
  signal: AbortSignal | undefined,
): Promise<A> => {
  if (signal === undefined) return waiting;
  signal.throwIfAborted();
  const heard = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { signal: heard.signal });
  });
  return Promise.race([waiting, stopped]).finally(() => heard.abort());
};

/** What all processes of a gang must have in common. */
const identityOf = ({ fingerprint }: Program): number =>
  createHash("sha256").update(`${version} ${fingerprint.program}`).digest().readInt32LE(0) >> 1;

/** Networks of other shapes fail before they can say who they are. */
const otherShapes = (error: unknown): never => {
  if (error instanceof GangBroken && /mismatch|inconsistent/i.test(error.failure.reason ?? ""))
    throw new Failed(otherTraining(null));
  throw error;
};

/**
 * From where all begin: what the first of the gang has written, and whether it has `told` the scores of that step.
 * @throws Failed where one trains another program; the signal's reason.
 */
export const begin = async (
  session: TrainingSession,
  of: Gang,
  { program, signal }: { readonly program: Program; readonly signal?: AbortSignal },
  told: boolean,
): Promise<Beginning> => {
  const identity = identityOf(program);
  const agreed = session.run("agree", {
    leads: row(of, of.rank === 0 ? 1 : 0),
    told: row(of, of.rank === 0 && told ? 1 : 0),
    identity: Int32Array.from({ length: of.devices }, () => identity),
  });
  const {
    identity: all,
    step,
    told: said,
  } = await unlessStopped(Promise.resolve(agreed).catch(otherShapes), signal);
  invariant(all !== undefined && step !== undefined && said !== undefined, "the gang agrees");
  const other = all.data.findIndex((each) => each !== identity);
  if (other >= 0) throw new Failed(otherTraining(of.hosts[Math.floor(other / of.devices)] ?? ""));
  return { step: step.data[0] ?? 0, told: said.data[0] === 1 };
};

/** Zeros for whoever is told the state. */
export const nothingYet = (variables: readonly Ops["variable"][]): State =>
  new Map(
    variables.map(({ name, dtype, shape }) => [
      name,
      { shape, data: new (dtype === "f32" ? Float32Array : Int32Array)(product(shape)) },
    ]),
  );

/** What this process wishes at a step. */
export const wishesOf = (of: Gang, wish: Readonly<Record<"stop" | "save", boolean>>) => ({
  stop: row(of, wish.stop ? 1 : 0),
  save: row(of, wish.save ? 1 : 0),
});

/** Sums of all processes are whole numbers of 31 bits: counts travel as two words. */
const WORD = 2 ** 20;

/** Pixels that all processes counted, and of how many images. */
export const countedByAll = async (
  session: TrainingSession,
  of: Gang,
  counts: Float64Array,
  images: number,
): Promise<{ readonly counts: Float64Array; readonly images: number }> => {
  const { length } = counts;
  const words = new Int32Array(of.devices * (2 * length + 1));
  for (const [i, count] of counts.entries()) {
    words[i] = count % WORD;
    words[length + i] = Math.floor(count / WORD);
  }
  words[2 * length] = images;
  const { counts: sums } = await session.run("count", { counts: words });
  invariant(sums !== undefined, "counts are summed");
  return {
    counts: counts.map((_, i) => (sums.data[i] ?? 0) + WORD * (sums.data[length + i] ?? 0)),
    images: sums.data[2 * length] ?? 0,
  };
};

/** Milliseconds in which what was said last reaches those who still listen. */
const SAID = 300;

/** The end of a training: nobody leaves before the first has saved. */
export const allDone = async (
  session: TrainingSession,
  of: Gang,
  { experiment }: Program,
): Promise<void> => {
  await countedByAll(session, of, new Float64Array(experiment.data.classes.length ** 2), 0);
  await setTimeout(SAID);
};
