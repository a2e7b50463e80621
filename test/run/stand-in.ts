/** A small MLflow server: the requests that pspc makes, and those that read back, with the real one's limits and refusals. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";
import type { Point } from "../../src/run/mlflow.js";

interface StoredRun {
  readonly info: { run_id: string; run_name: string; status: string; experiment_id: string };
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly metrics: Point[];
}

export interface StandIn {
  readonly url: string;
  readonly runs: StoredRun[];
  /** Of all requests since the start: what was asked. */
  readonly asked: string[];
  /** What becomes of the next answers: done and answered; done, with the answer lost; refused; or never answered. */
  mood: "well" | "mute after" | "broken" | "silent";
  authorization: string | undefined;
  readonly close: () => Promise<void>;
}

class Refused extends Error {
  constructor(
    readonly error_code: string,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Of a request; what it lacks is empty. */
interface Body {
  readonly experiment_name: string;
  readonly experiment_id: string;
  readonly name: string;
  readonly filter: string;
  readonly run_id: string;
  readonly run_name: string;
  readonly status: string;
  readonly metric_key: string;
  readonly tags?: readonly Word[];
  readonly params?: readonly Word[];
  readonly metrics?: readonly Point[];
}

interface Word {
  readonly key: string;
  readonly value: string;
}

export const standIn = async (port = 0): Promise<StandIn> => {
  const experiments = new Map<string, string>();
  const runs: StoredRun[] = [];
  const byId = (id: string): StoredRun => {
    const run = runs.find(({ info }) => info.run_id === id);
    if (run === undefined) throw new Refused("RESOURCE_DOES_NOT_EXIST", `no run ${id}`, 404);
    return run;
  };
  const shown = ({ info, params, tags }: StoredRun) => {
    const list = (map: Map<string, string>) => [...map].map(([key, value]) => ({ key, value }));
    return { info, data: { params: list(params), tags: list(tags) } };
  };
  const endpoints: Record<string, (body: Body) => object> = {
    "experiments/get-by-name": ({ experiment_name }) => {
      const experiment_id = experiments.get(experiment_name);
      if (experiment_id === undefined)
        throw new Refused("RESOURCE_DOES_NOT_EXIST", `no experiment ${experiment_name}`, 404);
      return { experiment: { experiment_id } };
    },
    "experiments/create": ({ name }) => {
      if (experiments.has(name)) throw new Refused("RESOURCE_ALREADY_EXISTS", name);
      experiments.set(name, String(experiments.size + 1));
      return { experiment_id: experiments.get(name) };
    },
    "runs/search": ({ filter }) => {
      const [, tag, value] = /^tags\."(.+)" = '(.+)'$/.exec(filter) ?? [];
      return { runs: runs.filter(({ tags }) => tags.get(tag ?? "") === value).map(shown) };
    },
    "runs/create": ({ run_name, tags = [], experiment_id }) => {
      const run_id = `run-${runs.length}`;
      const words = new Map<string, string>(tags.map(({ key, value }) => [key, value]));
      const info = { run_id, run_name, status: "RUNNING", experiment_id };
      runs.push({ info, params: new Map(), tags: words, metrics: [] });
      return { run: shown(byId(run_id)) };
    },
    "runs/log-batch": ({ run_id, metrics = [], params = [], tags = [] }) => {
      const run = byId(run_id);
      if (metrics.length > 1000 || params.length > 100 || tags.length > 100)
        throw new Refused("INVALID_PARAMETER_VALUE", "too many in one request");
      for (const { key, value } of [...params, ...metrics])
        if (!/^[\w. /:-]+$/.test(key) || String(value).length > 500)
          throw new Refused("INVALID_PARAMETER_VALUE", `${key} has a bad name, or a long value`);
      for (const { key, value } of params) {
        if ((run.params.get(key) ?? value) !== value)
          throw new Refused("INVALID_PARAMETER_VALUE", `${key} was logged already`);
        run.params.set(key, value);
      }
      for (const { key, value } of tags) run.tags.set(key, value);
      const same = (a: Point, b: Point): boolean => isDeepStrictEqual(a, b);
      for (const metric of metrics) {
        if (![metric.value, metric.step, metric.timestamp].every(Number.isFinite))
          throw new Refused("INVALID_PARAMETER_VALUE", `${metric.key} is no number`);
        if (!run.metrics.some((known) => same(known, metric))) run.metrics.push(metric);
      }
      return {};
    },
    "runs/update": ({ run_id, status }) => {
      byId(run_id).info.status = status;
      return {};
    },
    "runs/get": ({ run_id }) => ({ run: shown(byId(run_id)) }),
    "metrics/get-history": ({ run_id, metric_key }) => ({
      metrics: byId(run_id).metrics.filter(({ key }) => key === metric_key),
    }),
  };

  const stand: Omit<StandIn, "url" | "close"> = {
    runs,
    asked: [],
    mood: "well",
    authorization: undefined,
  };
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const name = pathname.replace(/^.*\/api\/2\.0\/mlflow\//, "");
    stand.asked.push(name);
    stand.authorization = request.headers.authorization;
    const text = await textOf(request);
    if (stand.mood === "silent") return;
    if (stand.mood === "broken") return response.writeHead(500).end("<html>a proxy's page</html>");
    try {
      const body: Body =
        request.method === "GET"
          ? (Object.fromEntries(searchParams) as unknown as Body)
          : (JSON.parse(text) as Body);
      const answer = endpoints[name]?.(body);
      if (answer === undefined) throw new Refused("ENDPOINT_NOT_FOUND", name, 404);
      if (stand.mood === "mute after") return request.socket.destroy();
      return response.writeHead(200).end(JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const { error_code, message, status } = error;
      return response.writeHead(status).end(JSON.stringify({ error_code, message }));
    }
  });
  await new Promise<void>((done) => server.listen(port, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(stand, {
    url,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  });
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
};
