/**
 * Trainings and MLflow. Against a stand-in, or with PSPC_MLFLOW=URL against that server (`npm run mlflow` starts a real
 * one); what a server must do wrong for a test, only the stand-in does.
 */

import { appendFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Event } from "../../src/run/event.js";
import { readMetrics } from "../../src/run/journal.js";
import { parameters } from "../../src/run/mlflow.js";
import { readRun, writeRun } from "../../src/run/record.js";
import { openSent } from "../../src/run/sent.js";
import { type TrackRequest, tracked, trackedBefore } from "../../src/run/track.js";
import { type TrainRequest, train } from "../../src/run/train.js";
import { pspc } from "../cli/captured.js";
import { type StandIn, standIn } from "./stand-in.js";
import { collect, kinds, program, squares, temporary } from "./tiny.js";

const real = process.env.PSPC_MLFLOW;
/** A real server is slow at its first requests. */
const PATIENCE = real === undefined ? 5 : 60;
const folder = await temporary();
const data = join(folder, "data");
let server: StandIn;
let url = "";
beforeAll(async () => {
  await squares(data);
  server = await standIn();
  url = real ?? server.url;
});
afterAll(() => server.close());

const plan = program(data, { iterations: 12, validate: { every: 6, images: 2 } });

interface Asked extends Partial<TrainRequest>, Partial<Omit<TrackRequest, "folder">> {}

/** A training that is tracked: its events. */
const run = (name: string, asked: Asked = {}, last?: (event: Event) => boolean) => {
  const { url: at = url, every = 0, patience = PATIENCE, environment = {}, ...request } = asked;
  const events = train({
    program: plan,
    folder: join(folder, name),
    device: "cpu",
    spec: "tiny.yaml",
    ...request,
  });
  return collect(
    tracked(events, { folder: join(folder, name), url: at, every, patience, environment }),
    last,
  );
};

/** The training of "whole" once more, as the tracker sees it: its events, and the lines that they leave. */
const replayed = async (
  name: string,
  asked: Partial<TrackRequest>,
  meanwhile: (line: number) => void = () => {},
): Promise<readonly Event[]> => {
  const [from, to] = [join(folder, "whole"), join(folder, name)];
  const journal = (file: string) => readFileSync(join(from, file), "utf8").split("\n").slice(0, -1);
  cpSync(join(from, "weights.safetensors"), join(to, "weights.safetensors"));
  const record = await readRun(from);
  const created = new Date().toISOString();
  await writeRun(to, { ...record, created, state: "running" });
  const lines = journal("metrics.jsonl");
  async function* events(): AsyncGenerator<Event, void> {
    yield { kind: "started", run: to, step: 0, steps: 12 };
    writeFileSync(join(to, "log.jsonl"), `${journal("log.jsonl").join("\n")}\n`);
    for (const [i, line] of lines.entries()) {
      meanwhile(i + 1);
      appendFileSync(join(to, "metrics.jsonl"), `${line}\n`);
      yield { kind: "progress", what: "training", done: i + 1, total: lines.length };
      await setTimeout(20);
    }
    await writeRun(to, { ...record, created, state: "finished" });
    yield { kind: "finished", run: to, seconds: 1 };
  }
  const request = { folder: to, url, every: 0, patience: PATIENCE, environment: {}, ...asked };
  return collect(tracked(events(), request));
};

/** What the tests read of the server's answers. */
interface Answer {
  readonly metrics?: readonly { readonly step: number | string; readonly value: number }[];
  readonly experiment: { readonly experiment_id: string };
  readonly run: {
    readonly info: {
      readonly status: string;
      readonly run_name: string;
      readonly experiment_id: string;
    };
    readonly data: { readonly params: readonly Word[]; readonly tags: readonly Word[] };
  };
}

interface Word {
  readonly key: string;
  readonly value: string;
}

const ask = async (
  path: string,
  query: Readonly<Record<string, string>>,
  at = url,
): Promise<Answer> => {
  const answer = await fetch(`${at}/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
};

const idOf = (name: string): string =>
  JSON.parse(readFileSync(join(folder, name, "mlflow.jsonl"), "utf8").split("\n")[0]!).run_id;

/** What the server has of a metric: `step value`, as often as it has it. */
const history = async (
  name: string,
  metric_key: string,
  at?: string,
): Promise<readonly string[]> => {
  const { metrics = [] } = await ask("metrics/get-history", { run_id: idOf(name), metric_key }, at);
  return metrics.map(({ step, value }) => `${Number(step)} ${value}`).sort();
};

const expected = async (
  name: string,
  key: "loss" | "rate" | "miou",
): Promise<readonly string[]> => {
  const { lines } = await readMetrics(join(folder, name));
  return lines
    .flatMap((line) => {
      const value: unknown = Reflect.get(line, key);
      return typeof value === "number" ? [`${line.step} ${value}`] : [];
    })
    .sort();
};

const demandAll = async (name: string, at?: string): Promise<void> => {
  expect(await history(name, "loss", at)).toEqual(await expected(name, "loss"));
  expect(await history(name, "rate", at)).toEqual(await expected(name, "rate"));
  expect(await history(name, "val/miou", at)).toEqual(await expected(name, "miou"));
};

const words = (list: readonly Word[]) =>
  Object.fromEntries(list.map(({ key, value }) => [key, value]));

describe("a training that is tracked", () => {
  it("is a run there: parameters, fingerprints, every number of its metrics, its files, its end", async () => {
    const events = await run("whole");
    expect(kinds(events, "note")).toEqual([]);
    await demandAll("whole");
    const { run: found } = await ask("runs/get", { run_id: idOf("whole") });
    expect(found.info.status).toBe("FINISHED");
    expect(found.info.run_name).toBe("whole");
    const params = words(found.data.params);
    expect(params).toMatchObject({
      "train.iterations": "12",
      "train.crop": "[41,41]",
      "model.pyramid.bins": "[1,2]",
      "data.classes": '["ground","square"]',
      "data.labels": '[[0,0],[1,1],[255,"ignore"]]',
    });
    expect(Object.keys(params).length).toBe(parameters(plan.experiment).length);
    expect(words(found.data.tags)).toMatchObject({
      "pspc.spec": "tiny.yaml",
      "pspc.fingerprint.program": plan.fingerprint.program,
      "pspc.fingerprint.training": (await readRun(join(folder, "whole"))).training?.fingerprint,
      "pspc.file.weights": join(folder, "whole", "weights.safetensors"),
      "pspc.steps": "12 of 12",
    });
  });

  it("goes on in the same run when it is resumed, and sends nothing twice", async () => {
    const stop = new AbortController();
    const stopping = (event: Event): boolean => {
      if (event.kind === "step" && event.step === 5) stop.abort();
      return false;
    };
    await run("parts", { signal: stop.signal }, stopping);
    const { run: stopped } = await ask("runs/get", { run_id: idOf("parts") });
    expect(stopped.info.status).toBe("KILLED");
    const id = idOf("parts");
    expect(trackedBefore(join(folder, "parts"))).toBe(url);
    // As if it had been killed before the checkpoint: what was sent is computed, and written, again.
    rmSync(join(folder, "parts", "checkpoints"), { recursive: true });
    await run("parts", { resume: true });
    expect(idOf("parts")).toBe(id);
    await demandAll("parts");
    const { run: found } = await ask("runs/get", { run_id: id });
    expect(found.info.status).toBe("FINISHED");
  });

  it("is not held up by a tracker that is away, and is sent to it later", async () => {
    const gone = await standIn();
    await gone.close();
    const events = await replayed("late", { url: gone.url });
    expect(kinds(events, "finished")).toHaveLength(1);
    const [first, ...more] = kinds(events, "note").map(({ message }) => message);
    expect(first).toMatch(
      /^http:\/\/127.0.0.1:\d+ does not answer \(.*ECONNREFUSED.*\); training goes on/,
    );
    expect(more).toEqual([
      expect.stringMatching(
        /^14 lines of .*late\/metrics.jsonl did not reach .*: send them with pspc train --resume/,
      ),
    ]);
    const late = await run("late", { resume: true });
    expect(kinds(late, "note").map(({ message }) => message)).toEqual([
      expect.stringMatching(/trained already/),
    ]);
    await demandAll("late");
  });

  it("is told by the verb, and with --resume alone to the server of before", async () => {
    cpSync(join(folder, "whole"), join(folder, "verb"), { recursive: true });
    const journal = join(folder, "verb", "mlflow.jsonl");
    rmSync(journal);
    const resume = ["train", "--resume", "verb"] as const;
    expect(await pspc(folder, ...resume, "--track", `mlflow=${url}`)).toMatchObject({ code: 0 });
    await demandAll("verb");
    const [place, ...rest] = readFileSync(journal, "utf8").split("\n");
    writeFileSync(journal, `${place}\n`);
    expect(await pspc(folder, ...resume)).toMatchObject({ code: 0 });
    expect(readFileSync(journal, "utf8").split("\n")).toEqual([
      place,
      ...rest.filter((line) => line.includes("FINISHED") || !line.includes("status")),
    ]);
    const wrong = await pspc(folder, ...resume, "--track", "mlflow=here");
    expect(wrong.code).toBe(3);
    expect(wrong.err).toMatch(/expected mlflow=URL/);
  });

  it("names the experiment and shows who it is as MLflow's own clients do", async () => {
    const named = { MLFLOW_EXPERIMENT_NAME: "streets" };
    await replayed("named", { environment: named });
    const { experiment } = await ask("experiments/get-by-name", { experiment_name: "streets" });
    const { run: found } = await ask("runs/get", { run_id: idOf("named") });
    expect(found.info.experiment_id).toBe(experiment.experiment_id);
  });
});

describe.skipIf(real !== undefined)("a tracker that does wrong", () => {
  it("makes one run, and misses nothing, though its answers are lost", async () => {
    const flaky = await standIn();
    flaky.mood = "mute after";
    const events = await replayed("flaky", { url: flaky.url }, (line) => {
      if (line === 9) flaky.mood = "well";
    });
    expect(kinds(events, "finished")).toHaveLength(1);
    expect(flaky.asked.filter((name) => name === "runs/create").length).toBeLessThanOrEqual(2);
    expect(flaky.runs).toHaveLength(1);
    await demandAll("flaky", flaky.url);
    await flaky.close();
  });

  it("costs a training nothing where it never answers, or answers with nonsense", async () => {
    for (const mood of ["silent", "broken"] as const) {
      const odd = await standIn();
      odd.mood = mood;
      const events = await replayed(mood, { url: odd.url, patience: 1 });
      expect(kinds(events, "finished")).toHaveLength(1);
      expect(kinds(events, "note")[0]?.message).toMatch(
        mood === "silent"
          ? /no answer within 1 seconds/
          : /refuses experiments\/get-by-name \(500: <html>/,
      );
      expect(kinds(events, "note").at(-1)?.message).toMatch(/did not reach/);
      await odd.close();
    }
  });

  it("is told of a training that failed", async () => {
    await expect(
      replayed("failed", {}, (line) => {
        if (line === 9) throw new Error("the disk is full");
      }),
    ).rejects.toThrow("the disk is full");
    const found = server.runs.find(({ info }) => info.run_name === "failed");
    expect(found?.info.status).toBe("FAILED");
  });

  it("sees no password in what the run keeps, and gets it as a header", async () => {
    const secret = await standIn();
    const { host } = new URL(secret.url);
    await replayed("secret", { url: `http://ann:s3cret@${host}/` });
    expect(secret.authorization).toBe(`Basic ${Buffer.from("ann:s3cret").toString("base64")}`);
    expect(readFileSync(join(folder, "secret", "mlflow.jsonl"), "utf8")).not.toMatch(/s3cret/);
    await run("secret", {
      url: secret.url,
      resume: true,
      environment: { MLFLOW_TRACKING_TOKEN: "t0ken" },
    });
    expect(secret.runs).toHaveLength(1);
    await secret.close();
  });
});

describe("the journal of what was sent", () => {
  const place = { url: "http://x", run_id: "1" };
  const lines = (from: number, to: number, mark = ""): string =>
    Array.from({ length: to - from }, (_, i) => `{"step":${from + i + 1}}${mark}\n`).join("");
  const files = (name: string) =>
    [join(folder, `${name}.sent`), join(folder, `${name}.metrics`)] as const;
  /** Sends in batches of three; what was sent. */
  const all = (name: string, complete = false): readonly string[] => {
    const [journal, metrics] = files(name);
    const sent = openSent(journal, metrics);
    if (sent.place === null) sent.begin(place);
    const seen: string[] = [];
    for (let due = sent.due(3, complete); due !== null; due = sent.due(3, complete)) {
      seen.push(...due.lines);
      due.arrived();
    }
    expect(sent.left()).toBe(0);
    return seen;
  };
  const written = (name: string, text: string) => writeFileSync(files(name)[1], text);

  it("sends each line once, and none that is cut short", () => {
    written("once", `${lines(0, 7)}{"st`);
    expect(all("once")).toHaveLength(7);
    expect(all("once")).toEqual([]);
    written("once", lines(0, 9));
    expect(all("once")).toEqual([`{"step":8}`, `{"step":9}`]);
  });

  it("waits for lines that are written again, and sends those that are others now", () => {
    written("again", lines(0, 7));
    all("again");
    // Taken back to step 4, and continued to the same lines.
    written("again", lines(0, 4));
    expect(all("again")).toEqual([]);
    written("again", lines(0, 8));
    expect(all("again")).toEqual([`{"step":8}`]);
    // Taken back to step 4, and continued by another plan: the batch of 4 to 6 is another one.
    written("again", lines(0, 4) + lines(4, 9, " "));
    expect(all("again")).toEqual([4, 5, 6, 7, 8, 9].map((n) => `{"step":${n}}${n > 4 ? " " : ""}`));
    expect(all("again")).toEqual([]);
  });

  it("does not wait for what a finished run no longer has", () => {
    written("shorter", lines(0, 6));
    all("shorter");
    written("shorter", lines(0, 5));
    expect(all("shorter", true)).toEqual([`{"step":4}`, `{"step":5}`]);
  });

  it("outlives a line that was cut short", () => {
    written("cut", lines(0, 6));
    all("cut");
    const [journal] = files("cut");
    const text = readFileSync(journal, "utf8");
    writeFileSync(journal, text.slice(0, -5));
    expect(all("cut")).toHaveLength(3);
  });
});
