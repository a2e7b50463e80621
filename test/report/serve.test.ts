/** The live page's server: it knows two paths, one machine and two methods; and its page follows the folder. */

import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liveReport, type Serving, serve } from "../../src/report/live.js";
import { writeEvaluation } from "../../src/run/evaluation.js";
import { type Run, writeRun } from "../../src/run/record.js";
import { readSamples } from "../../src/run/samples.js";
import { synthetic } from "./page/synthetic.js";

const folder = mkdtempSync(join(tmpdir(), "pspc-dash-"));
const runs = join(folder, "runs");
const secret = "the secret beside the runs";

const [shown] = synthetic(["fcn"]).variants;
const run: Run = shown!.runs[0]!.run;

let serving: Serving;
beforeAll(async () => {
  mkdirSync(runs);
  writeFileSync(join(folder, "secret.txt"), secret);
  await writeRun(join(runs, "fcn"), { ...run, state: "running", step: 17 });
  symlinkSync(folder, join(runs, "out"));
  serving = await serve(liveReport(runs), 0);
});
afterAll(async () => {
  await serving?.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** The path goes as it is: `fetch` would tidy it. */
const ask = (path: string, options: object = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(serving.url);
    request({ host: "127.0.0.1", port, path, ...options }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    })
      .on("error", reject)
      .end();
  });

describe("the server", () => {
  test("gives the page, and its version", async () => {
    const { status, headers, text } = await ask("/");
    expect(status).toBe(200);
    expect(headers["content-type"]).toContain("text/html");
    expect(text.includes("step 17 of 400")).toBe(true);
    expect((await ask("/version")).text).toMatch(/^[0-9a-f]{16}$/);
  });

  test("listens to this machine alone", () => {
    expect(new URL(serving.url).hostname).toBe("127.0.0.1");
  });

  test.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/..%5csecret.txt",
    "//etc/passwd",
    "/fcn/run.json",
    "/out/secret.txt",
    "/fcn/../../secret.txt",
    "/./",
    "/?/../secret.txt",
    "/%00",
    "/version/../../secret.txt",
    "http://127.0.0.1/secret.txt",
  ])("has no file: %s", async (path) => {
    const { status, text } = await ask(path);
    expect(status).toBe(404);
    expect(text).not.toContain(secret);
  });

  test.each(["evil.example", "evil.example:80", "127.0.0.1", "localhost:1", "[::1]"])(
    "is not the host %s",
    async (host) => {
      const { status, text } = await ask("/", { headers: { host } });
      expect([status, text]).toEqual([421, "not this host"]);
    },
  );

  test("takes no other method, and answers nonsense with an error", async () => {
    expect((await ask("/", { method: "POST" })).status).toBe(405);
    const { port } = new URL(serving.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => socket.end("nonsense\r\n\r\n"));
      socket.once("data", (bytes) => resolve(String(bytes)));
    });
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect((await ask("/version")).status).toBe(200);
  });

  test("lets no page embed it, and none of its content be another type", async () => {
    const { headers } = await ask("/");
    const policy = String(headers["content-security-policy"]);
    for (const rule of ["default-src 'none'", "frame-ancestors 'none'", "connect-src 'self'"])
      expect(policy).toContain(rule);
    expect(policy).not.toContain("unsafe");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
  });

  test("says which port it cannot have", async () => {
    const port = Number(new URL(serving.url).port);
    await expect(serve(liveReport(runs), port)).rejects.toMatchObject({
      failure: { message: `cannot serve on port ${port} of this machine` },
    });
  });

  test("ends though someone still listens", async () => {
    const other = await serve(liveReport(runs), 0);
    await fetch(other.url);
    await other.close();
    await expect(fetch(other.url)).rejects.toThrow();
  });
});

describe("the live page", () => {
  test("follows steps and evaluations, and groups seeds", async () => {
    const live = join(folder, "live");
    mkdirSync(live);
    expect((await liveReport(live)()).text.includes("No run yet")).toBe(true);
    await writeRun(join(live, "a"), { ...run, step: 3, state: "running" });
    const before = await liveReport(live)();
    const evaluation = shown!.row!.evaluations[0]!;
    await writeEvaluation(join(live, "a"), "0123456789abcdef", evaluation);
    const { experiment } = run;
    const train = { ...experiment.train, seed: 7 };
    await writeRun(join(live, "b"), { ...run, experiment: { ...experiment, train } });
    const after = await liveReport(live)();
    expect(after.version).not.toBe(before.version);
    expect(after.text.match(/<tr data-v="\d" data-miou="0\.\d+"/g)).toHaveLength(1);
    expect(after.text.includes("<dt>Variant</dt><dd>a</dd>")).toBe(true);
    expect(after.text).toMatch(/a reaches [\d.]+ mIoU with one seed\./);
  });

  test("shows scores of a finished run that was validated alone, beside a baseline that its spec names", async () => {
    const validated = join(folder, "validated");
    const { experiment } = run;
    const variant = async (name: string, spec: string | null, crop: number): Promise<void> => {
      const train = { ...experiment.train, crop: [crop, crop] as const };
      await writeRun(join(validated, name), {
        ...run,
        variant: spec,
        experiment: { ...experiment, train },
      });
      const scores = {
        step: 400,
        split: "val",
        images: 3,
        mean_accuracy: 0.5,
        pixel_accuracy: 0.5,
      };
      const line = JSON.stringify({ ...scores, miou: crop / 400 });
      writeFileSync(join(validated, name, "metrics.jsonl"), `${line}\n`);
    };
    await variant("a", "wide", 105);
    await variant("z", null, 89);
    const { text } = await liveReport(validated)();
    expect(text).toContain("z (baseline), a; they differ in train.crop");
    expect(text).toContain("a beats z by 4.0 mIoU; one seed, so small differences mean nothing.");
    expect(text.match(/validated at step 400/g)).toHaveLength(2);
    expect(text).toContain("3 images of val");
  });

  test("leaves out what is half-written, and runs over other classes", async () => {
    const odd = join(folder, "odd");
    cpSync(join(runs, "fcn"), join(odd, "good"), { recursive: true });
    mkdirSync(join(odd, "half"));
    writeFileSync(join(odd, "half", "run.json"), '{"spec": "x');
    const { experiment } = run;
    const classes = experiment.data.classes.map((name) => `other ${name}`);
    const data = { ...experiment.data, classes };
    const older = { created: "2020-01-01T00:00:00.000Z", experiment: { ...experiment, data } };
    await writeRun(join(odd, "old"), { ...run, ...older });
    expect((await liveReport(odd)()).text.includes("<dt>Variant</dt><dd>good</dd>")).toBe(true);
  });

  test("is led out of a run by no list of samples", async () => {
    const sample = { image: "a.png", label: "a.png", classes: "../../secret.txt" };
    const inside = { ...sample, classes: "samples/a.png" };
    const list = JSON.stringify({ key: "", samples: [sample, inside] });
    writeFileSync(join(runs, "fcn", "samples.json"), list);
    const { samples } = await readSamples(join(runs, "fcn"));
    expect(samples.map(({ classes }) => classes)).toEqual([join(runs, "fcn", "samples/a.png")]);
  });
});
