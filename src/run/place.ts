/** Where a process of a gang finds its place among the others: what its launcher tells in the environment. */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import * as E from "fp-ts/lib/Either.js";
import { Failed, type Failure } from "../diagnostic/failure.js";
import { noPlace, publicHost } from "./sharing-errors.js";

/** Of one process among all: hosts with their ports, in the order of the ranks. */
export interface Place {
  readonly hosts: readonly string[];
  readonly rank: number;
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
