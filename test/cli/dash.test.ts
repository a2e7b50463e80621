/** `dash` in a process of its own: it follows a training that goes on, and Ctrl-C ends it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { train } from "../../src/run/train.js";
import { program, squares, temporary } from "../run/tiny.js";

const folder = await temporary();
const runs = join(folder, "runs");

/** The predictions on the page, as data URLs. */
const predictions = (page: string): readonly string[] =>
  [...page.matchAll(/<img data-source="\d+" src="([^"]+)"/g)].map(([, url]) => url!);

test("shows new pictures as a training validates, and is ended by Ctrl-C", {
  timeout: 120_000,
}, async () => {
  await squares(join(folder, "data"));
  await mkdir(runs);
  const argv = [join(process.cwd(), "bin", "pspc.js"), "dash", "runs", "--port", "0"];
  const child = spawn(process.execPath, argv, { cwd: folder });
  let told = "";
  child.stderr.on("data", (text) => {
    told += String(text);
  });
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const page = async (): Promise<string> => (await fetch(url)).text();
  expect(await page()).toContain("No run yet");

  const plan = { iterations: 12, validate: { every: 6, images: 2 } };
  const of = program(join(folder, "data"), plan);
  const seen: (readonly string[])[] = [];
  const changed = async (): Promise<readonly string[]> => {
    for (;;) {
      const now = predictions(await page());
      if (now.length === 2 && `${now}` !== `${seen.at(-1)}`) return now;
      await setTimeout(300);
    }
  };
  const training = train({ program: of, folder: join(runs, "a"), device: "cpu", workers: 0 });
  for await (const { kind } of training) if (kind === "validated") seen.push(await changed());
  expect(seen).toHaveLength(2);

  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number | null];
  expect({ code, told }).toEqual({ code: 0, told: "Ctrl-C stops serving\n\nstopped\n" });
  await expect(fetch(url)).rejects.toThrow();
});
