/** The live page of a folder of runs (`dash`): drawn anew when a run has changed, and served to this machine alone. */

import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { basename, join, resolve } from "node:path";
import { Failed, type Failure, failure } from "../diagnostic/failure.js";
import { experimentDifferences } from "../normalize/difference.js";
import { fingerprintOf } from "../plan/program.js";
import { type Evaluations, readEvaluations } from "../run/evaluation.js";
import { type Found, groups, type Runs, runsIn, type SeedGroup } from "../run/find.js";
import { metricsFile, runFile } from "../run/folder.js";
import { costs } from "../run/row.js";
import { page, policy } from "./page/page.js";
import { type Entry, gather, type Member } from "./page/report.js";

export const cannotListen = (port: number, reason: string): Failure =>
  failure(
    `cannot serve on port ${port} of this machine`,
    reason,
    "Name another port (--port 8500), or any that is free (--port 0).",
  );

export interface Drawn {
  /** What the page may load and run, where it says more of that itself; otherwise that of reports. */
  readonly policy?: string;
  /** Changes with the page. */
  readonly version: string;
  readonly text: string;
}

/** Least time between two drawings, in ms, and as a multiple of what one takes: runs need the machine more. */
const pause = { least: 4000, times: 10 };

/** The page as it is now, or was a moment ago. */
export const liveReport = (folder: string): (() => Promise<Drawn>) => {
  let drawn: Drawn = { version: "", text: "" };
  let next = 0;
  let drawing: Promise<Drawn> | null = null;
  const draw = async (): Promise<Drawn> => {
    const started = performance.now();
    const found = await runsIn(folder);
    const version = await versionOf(found);
    if (version !== drawn.version) drawn = { version, text: await pageOf(folder, found) };
    const spent = performance.now() - started;
    next = performance.now() + Math.max(pause.least, pause.times * spent);
    return drawn;
  };
  return () => {
    if (drawn.version !== "" && performance.now() < next) return Promise.resolve(drawn);
    drawing ??= draw().finally(() => {
      drawing = null;
    });
    return drawing;
  };
};

/** Of the sizes and times of what the page is made of. */
const versionOf = async ({ runs, damaged }: Runs): Promise<string> => {
  const files = runs.flatMap(({ folder }) => [
    runFile(folder),
    metricsFile(folder),
    join(folder, "evaluations"),
    join(folder, "samples.json"),
  ]);
  const stamps = files.map((file) =>
    stat(file).then(
      ({ size, mtimeMs }) => [file, size, mtimeMs],
      () => [file],
    ),
  );
  return fingerprintOf([damaged, await Promise.all(stamps)]);
};

const pageOf = async (folder: string, { runs, damaged }: Runs): Promise<string> => {
  const { comparable, others } = sameClasses(runs);
  const evaluations = new Map(
    await Promise.all(
      comparable.map(async (found) => [found, await evaluationsOf(found)] as const),
    ),
  );
  const read = [...evaluations.values()];
  const split = splitOf(evaluations);
  const plans = baselineFirst(groups(comparable));
  const entries = plans.map((group): Entry => {
    const { experiment } = group[0].run;
    const base = plans[0]?.[0].run.experiment ?? experiment;
    const member = (found: Found): Member => ({
      ...found,
      evaluation:
        evaluations.get(found)?.evaluations.findLast((one) => one.split === split) ?? null,
    });
    return {
      name: nameOf(group),
      experiment,
      differences: experimentDifferences(base, experiment).filter(
        ({ path }) => path !== "train.seed",
      ),
      runs: group.map(member),
    };
  });
  const title = basename(resolve(folder));
  const commands = [`npx pspc compare ${comparable.map((one) => one.folder).join(" ")}`];
  const unread = [...damaged, ...others, ...read.flatMap((one) => one.damaged)];
  return page(await gather(entries, { title, split, commands, live: true, damaged: unread }));
};

const evaluationsOf = ({ folder, run }: Found): Promise<Evaluations> =>
  readEvaluations(folder, run.experiment);

/**
 * Runs over different classes cannot stand in one table: those over the classes of most runs are shown, of as many the
 * newest, and the others are named.
 */
const sameClasses = (
  runs: readonly Found[],
): { readonly comparable: readonly Found[]; readonly others: readonly Failure[] } => {
  const classes = ({ run }: Found): string => JSON.stringify(run.experiment.data.classes);
  const times = (one: Found): number =>
    runs.filter((other) => classes(other) === classes(one)).length;
  const [shown] = runs.toSorted(
    (a, b) => times(b) - times(a) || b.run.created.localeCompare(a.run.created),
  );
  const isShown = (one: Found): boolean => shown !== undefined && classes(one) === classes(shown);
  return {
    comparable: runs.filter(isShown),
    others: runs.filter((one) => !isShown(one)).map(({ folder }) => otherClasses(folder)),
  };
};

const otherClasses = (folder: string): Failure =>
  failure(
    `${folder} is not shown`,
    "it has other classes than most runs here",
    "Keep runs over other classes in a folder of their own.",
  );

/** The one that most runs have scores on; of as many, the one that most were evaluated on. */
const splitOf = (evaluations: ReadonlyMap<Found, Evaluations>): string => {
  const counts = ["val", "test", "train"].map((split) => {
    const [evaluated, scored] = [new Set<Found>(), new Set<Found>()];
    for (const [found, one] of evaluations) {
      const known = one.evaluations.some((each) => each.split === split);
      if (known) evaluated.add(found);
      if (known || (split === "val" && found.run.experiment.train.validate !== null))
        scored.add(found);
    }
    return { split, scored: scored.size, evaluated: evaluated.size };
  });
  const [most] = counts.toSorted((a, b) => b.scored - a.scored || b.evaluated - a.evaluated);
  return most?.split ?? "val";
};

/**
 * The baseline is what the others vary: a variant that its spec calls so, or the spec itself, or else the network of
 * the fewest parameters. The others keep their order.
 */
const baselineFirst = (plans: readonly SeedGroup[]): readonly SeedGroup[] => {
  const rank = ([{ run }]: SeedGroup): number =>
    run.variant === null ? 1 : /^base(line)?$/i.test(run.variant) ? 0 : 2;
  const size = ([{ run }]: SeedGroup): number => costs(run.experiment).parameters;
  const [baseline] = plans.toSorted((a, b) => rank(a) - rank(b) || size(a) - size(b));
  return baseline === undefined ? [] : [baseline, ...plans.filter((one) => one !== baseline)];
};

const nameOf = ([{ folder }]: SeedGroup): string => basename(folder);

export interface Serving {
  readonly url: string;
  /** Ends what is under way, too. */
  readonly close: () => Promise<void>;
}

/** Port 0 takes any that is free. @throws Failed where the port cannot be had. */
export const serve = async (draw: () => Promise<Drawn>, port: number): Promise<Serving> => {
  const server = createServer((request, response) => {
    answer(server, draw, request, response).catch((error: Error) => {
      // The reader reloads soon; a run that is being written at this moment is whole by then.
      if (!response.headersSent) send(response, 500, "text/plain", error.message);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Failed(cannotListen(port, error.message))));
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

const answer = async (
  server: Server,
  draw: () => Promise<Drawn>,
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  // A name that an attacker lets point to this machine is not this machine's.
  const names = ["127.0.0.1", "localhost"].map((name) => `${name}:${portOf(server)}`);
  if (!names.includes(headers.host ?? ""))
    return send(response, 421, "text/plain", "not this host");
  if (method !== "GET" && method !== "HEAD")
    return send(response, 405, "text/plain", "GET or HEAD", { Allow: "GET, HEAD" });
  if (url === "/") {
    const { text, policy: own = policy(true) } = await draw();
    const more = { "Content-Security-Policy": `${own}; frame-ancestors 'none'` };
    return send(response, 200, "text/html", text, more);
  }
  if (url === "/version") return send(response, 200, "text/plain", (await draw()).version);
  // No path is a file's: what the page shows is in it.
  return send(response, 404, "text/plain", "there is only /");
};

const send = (
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  more: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, {
    "Content-Type": `${type}; charset=utf-8`,
    "Content-Security-Policy": `${policy(true)}; frame-ancestors 'none'`,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    ...more,
  });
  response.end(text);
};
