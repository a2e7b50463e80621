/**
 * MLflow's REST interface (version 2.0 of it, which servers from 1.0 to 3 speak): finds or makes the run of a training,
 * and sends it numbers. Every request may be repeated: the server keeps one value for each metric, step and time.
 */

import { basename, extname, resolve } from "node:path";
import { Failed } from "../diagnostic/failure.js";
import { isMap } from "../language/section.js";
import type { Experiment } from "../normalize/experiment.js";
import { fingerprintOf } from "../plan/program.js";
import type { Run } from "./record.js";
import { trackerAway, trackerRefuses } from "./sharing-errors.js";

/** One value of one metric; `timestamp` in ms since 1970. */
export interface Point {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number;
}

export type Status = "RUNNING" | "FINISHED" | "KILLED" | "FAILED";

type Words = Readonly<Record<string, string>>;

export interface Mlflow {
  /** Without the credentials that it may have held. */
  readonly url: string;
  /** The id of the run that this training has there; it is made where there is none. */
  readonly begin: (folder: string, run: Run) => Promise<string>;
  /** At most `MOST` points. */
  readonly log: (id: string, points: readonly Point[]) => Promise<void>;
  readonly tag: (id: string, tags: Words) => Promise<void>;
  readonly status: (id: string, status: Status) => Promise<void>;
}

/** What a server takes in one request, of metrics and of parameters; and characters of a parameter, by the older ones. */
export const MOST = 1000;
const [PARAMETERS, LONGEST] = [100, 500];

export interface Address {
  readonly url: string;
  /** Of its variables `MLFLOW_TRACKING_TOKEN`, or `_USERNAME` and `_PASSWORD`, and `MLFLOW_EXPERIMENT_NAME` count. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** How long a request may take: `signal` tells when nobody waits any more. Its functions throw Failed. */
export const mlflowAt = (
  { url: written, environment }: Address,
  patience: () => AbortSignal,
): Mlflow => {
  const { url, authorization } = credentials(written, environment);
  const ask: Ask = async (path, body, query = "") => {
    const headers = {
      ...(authorization === null ? {} : { authorization }),
      ...(body === null ? {} : { "content-type": "application/json" }),
    };
    const init = body === null ? {} : { method: "POST", body: JSON.stringify(body) };
    const target = `${url}/api/2.0/mlflow/${path}${query}`;
    const response = await fetch(target, { ...init, headers, signal: patience() }).catch(
      (error: unknown) => {
        throw new Failed(trackerAway(url, error));
      },
    );
    const text = await response.text().catch((error: unknown) => {
      throw new Failed(trackerAway(url, error));
    });
    if (!response.ok) throw new Refusal(url, path, response.status, text);
    return json(text);
  };
  return {
    url,
    begin: async (folder, run) => {
      const name = environment.MLFLOW_EXPERIMENT_NAME || basename(run.spec, extname(run.spec));
      const experiment = await experimentNamed(ask, name || "pspc");
      const id =
        (await known(ask, experiment, keyOf(run))) ?? (await create(ask, experiment, folder, run));
      const params = parameters(run.experiment);
      for (let i = 0; i < params.length; i += PARAMETERS)
        await ask("runs/log-batch", { run_id: id, params: params.slice(i, i + PARAMETERS) });
      return id;
    },
    log: async (id, metrics) => {
      await ask("runs/log-batch", { run_id: id, metrics });
    },
    tag: async (id, tags) => {
      await ask("runs/log-batch", { run_id: id, tags: pairs(tags) });
    },
    status: async (id, status) => {
      const end = status === "RUNNING" ? {} : { end_time: Date.now() };
      await ask("runs/update", { run_id: id, status, ...end });
    },
  };
};

type Json = Readonly<Record<string, unknown>>;
type Ask = (path: string, body: object | null, query?: string) => Promise<Json>;

/** The server answered, and not with what was asked for. */
class Refusal extends Failed {
  readonly code: string;
  constructor(url: string, path: string, status: number, text: string) {
    const { error_code, message } = json(text);
    super(trackerRefuses(url, path, status, typeof message === "string" ? message : text));
    this.code = String(error_code);
  }
}

const json = (text: string): Json => {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : {};
  } catch {
    return {};
  }
};

const inside = (value: Json, ...path: readonly string[]): string => {
  const found = path.reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), value);
  if (typeof found !== "string")
    throw new Failed(trackerRefuses("the tracker", path.join("."), 200, "the answer lacks it"));
  return found;
};

const experimentNamed = async (ask: Ask, name: string): Promise<string> => {
  const query = `?experiment_name=${encodeURIComponent(name)}`;
  const find = async () =>
    inside(await ask("experiments/get-by-name", null, query), "experiment", "experiment_id");
  try {
    return await find();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
  }
  try {
    return inside(await ask("experiments/create", { name }), "experiment_id");
  } catch (error) {
    // Another training was faster.
    if (error instanceof Refusal && error.code === "RESOURCE_ALREADY_EXISTS") return find();
    throw error;
  }
};

/** Tells a run from all others, wherever its folder lies. */
const keyOf = ({ created, fingerprint }: Run): string =>
  fingerprintOf([created, fingerprint.program]);

/** Of a run that was made when its answer was lost. */
const known = async (ask: Ask, experiment: string, key: string): Promise<string | null> => {
  const filter = `tags."pspc.run" = '${key}'`;
  const { runs } = await ask("runs/search", {
    experiment_ids: [experiment],
    filter,
    max_results: 1,
  });
  const [found] = Array.isArray(runs) ? (runs as readonly unknown[]) : [];
  return isMap(found) ? inside(found, "info", "run_id") : null;
};

const create = async (
  ask: Ask,
  experiment_id: string,
  folder: string,
  run: Run,
): Promise<string> => {
  const { fingerprint, training, versions, variant, spec, device, created } = run;
  const made = await ask("runs/create", {
    experiment_id,
    run_name: basename(resolve(folder)),
    start_time: Date.parse(created),
    tags: pairs({
      "pspc.run": keyOf(run),
      "pspc.spec": variant === null ? spec : `${spec}#${variant}`,
      "pspc.version": versions.pspc,
      "pspc.tensorflow": versions.tensorflow,
      "pspc.device": device,
      "pspc.fingerprint.graph": fingerprint.graph,
      "pspc.fingerprint.data": fingerprint.data,
      "pspc.fingerprint.program": fingerprint.program,
      ...(training === null ? {} : { "pspc.fingerprint.training": training.fingerprint }),
      "mlflow.source.name": spec,
      "mlflow.source.type": "LOCAL",
    }),
  });
  return inside(made, "run", "info", "run_id");
};

const pairs = (words: Words) => Object.entries(words).map(([key, value]) => ({ key, value }));

/** The resolved spec: a parameter for each value that is no map; lists as JSON. */
export const parameters = ({ data, model, train, evaluate }: Experiment) =>
  Object.entries({ data, model, train, evaluate }).flatMap(([key, value]) => leaves(key, value));

const leaves = (
  key: string,
  value: unknown,
): readonly { readonly key: string; readonly value: string }[] =>
  isMap(value) && !(value instanceof Map)
    ? Object.entries(value).flatMap(([name, inner]) => leaves(`${key}.${name}`, inner))
    : [{ key, value: shortened(textOf(value)) }];

const textOf = (value: unknown): string => {
  if (value === null) return "none";
  if (value instanceof Map) return JSON.stringify([...value]);
  return typeof value === "string" ? value : JSON.stringify(value);
};

const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;

const credentials = (written: string, environment: Address["environment"]) => {
  const parsed = new URL(written);
  const { MLFLOW_TRACKING_TOKEN: token } = environment;
  const user = decodeURIComponent(parsed.username) || environment.MLFLOW_TRACKING_USERNAME;
  const password = decodeURIComponent(parsed.password) || environment.MLFLOW_TRACKING_PASSWORD;
  const basic = Buffer.from(`${user}:${password ?? ""}`).toString("base64");
  parsed.username = "";
  parsed.password = "";
  return {
    url: `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`,
    authorization: user ? `Basic ${basic}` : token ? `Bearer ${token}` : null,
  };
};
