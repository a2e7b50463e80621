/** The programs of docs/export.md, run as they stand there: each must see in a picture what pspc sees. */

import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launch, noBrowser } from "../../scripts/chromium.mjs";
import { choicesFor, exportNetwork, formats } from "../../src/run/export.js";
import { openPredictor } from "../../src/run/predictor.js";
import { lower } from "../../src/tensorflow/target.js";
import { networkVariables } from "../../src/weights/fit.js";
import { encodeSafetensors } from "../../src/weights/safetensors.js";
import { hasPython } from "../onnx/python.js";
import { tiny } from "../oracle/experiment.js";
import { images, stateFor } from "../oracle/scene.js";
import { collect, temporary } from "./tiny.js";

const run = promisify(execFile);
const size = { height: 41, width: 57 };
const pixels = images(1, size.height, size.width);
let folder = "";
/** The classes of street.png, pixel by pixel, as pspc sees them. */
let seen: readonly number[] = [];

beforeAll(async () => {
  folder = await temporary();
  const program = lower(tiny({ classes: 40, pyramid: { bins: [1, 2] } }));
  const weights = join(folder, "weights.safetensors");
  writeFileSync(
    weights,
    encodeSafetensors(stateFor(networkVariables(program.experiment, "infer"))),
  );
  const raw = { raw: { ...size, channels: 3 } } as const;
  await sharp(pixels, raw).png().toFile(join(folder, "street.png"));
  for (const format of formats.filter(({ ending }) => ending !== ".html"))
    await collect(
      exportNetwork({
        program,
        weights,
        format,
        to: join(folder, `camvid${format.ending}`),
        choices: choicesFor(program.experiment, { size }),
        mustBeChecked: false,
        device: "cpu",
        command: "npx pspc export",
      }),
    );
  const predictor = await openPredictor({ program, weights, device: "cpu" });
  const { classes } = await predictor.predict({ pixels, ...size });
  await predictor.close();
  seen = [...classes];
  expect(new Set(seen).size).toBeGreaterThan(2);
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
}, 120_000);

/** The first program of a language below a heading of the page. */
const snippet = (heading: string, language: string): string => {
  const page = readFileSync("docs/export.md", "utf8");
  const from = page.indexOf(`\n## ${heading}\n`);
  const [, code] =
    page.slice(from).match(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "m")) ?? [];
  expect([heading, from > 0, code === undefined]).toEqual([heading, true, false]);
  return code ?? "";
};

/** Its answer is what it prints last. */
const answerOf = async (
  program: string,
  ...words: readonly string[]
): Promise<readonly number[]> => {
  const { stdout } = await run(program, words, { cwd: folder, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
};

/** At a pixel or two the best logits may lie so close that rounding decides. */
const share = (found: readonly number[]): number =>
  found.filter((index, pixel) => index === seen[pixel]).length / seen.length;
const almostAll = 0.999;

const python = async (heading: string): Promise<readonly number[]> => {
  const code = `${snippet(heading, "python")}\nimport json\nprint(json.dumps(numpy.array(classes).ravel().tolist()))`;
  return answerOf("python3", "-c", code);
};
/** Converted as the page says, and asked in TF-Lite's interpreter. */
const tfLite = (): string => `${snippet("On phones", "python")}
import json, numpy
from PIL import Image
lite = tf.lite.Interpreter("camvid.tflite")
lite.allocate_tensors()
(given,), (found,) = lite.get_input_details(), lite.get_output_details()
lite.set_tensor(given["index"], numpy.asarray(Image.open("street.png").convert("RGB"), "uint8")[None])
lite.invoke()
print(json.dumps(lite.get_tensor(found["index"]).ravel().tolist()))`;

const [hasOnnx, hasTensorFlow] = ["onnxruntime, PIL", "tensorflow, PIL"].map(hasPython);
const without = (is: boolean | undefined, what: string): string =>
  is === true ? "" : ` (${what} is not installed)`;

describe("the programs of docs/export.md see what pspc sees", () => {
  it("in Node, with TensorFlow.js", async () => {
    const code = `${snippet("In Node", "js")}\nconsole.log(JSON.stringify([...classes]));`;
    writeFileSync(join(folder, "snippet.mjs"), code);
    expect(share(await answerOf(process.execPath, "snippet.mjs"))).toBeGreaterThan(almostAll);
  });

  it.skipIf(!hasOnnx)(
    `in Python, with onnxruntime${without(hasOnnx, "onnxruntime or Pillow")}`,
    async () => {
      expect(share(await python("In Python, with onnxruntime"))).toBeGreaterThan(almostAll);
    },
  );

  it.skipIf(!hasTensorFlow)(
    `in Python, with TensorFlow${without(hasTensorFlow, "TensorFlow or Pillow")}`,
    async () => {
      expect(share(await python("In TensorFlow and on its servers"))).toBeGreaterThan(almostAll);
    },
  );

  it.skipIf(!hasTensorFlow)(
    `on phones, with TF-Lite${without(hasTensorFlow, "TensorFlow or Pillow")}`,
    async () => {
      // Its weights have 16 bits.
      expect(share(await answerOf("python3", "-c", tfLite()))).toBeGreaterThan(0.99);
    },
    120_000,
  );

  const browser = chromiumPath();
  it.skipIf(browser === undefined)(
    `in a browser${browser === undefined ? ` (${noBrowser})` : ""}`,
    async () => {
      const own = await launch(browser ?? "");
      try {
        const page = await own.newPage();
        const code = snippet("In a browser", "html").replace("const classes =", "window.classes =");
        // The page's own address, the library from where npm put it, and all else from the folder.
        await page.route("**/*", (route) => {
          const { host, pathname } = new URL(route.request().url());
          if (host !== "pspc.test") {
            const [, name] = /npm\/(@tensorflow\/tfjs)@4\.22\.0$/.exec(pathname) ?? [];
            return route.fulfill({ path: `node_modules/${name}/dist/tf.min.js` });
          }
          return pathname === "/"
            ? route.fulfill({
                body: `<!doctype html><meta charset="utf-8">${code}`,
                contentType: "text/html",
              })
            : route.fulfill({ path: join(folder, pathname.replace("street.jpg", "street.png")) });
        });
        await page.goto("http://pspc.test/");
        await page.waitForFunction("window.classes !== undefined", undefined, { timeout: 60_000 });
        expect(share(await page.evaluate("Array.from(window.classes)"))).toBeGreaterThan(almostAll);
      } finally {
        await own.close();
      }
    },
    90_000,
  );
});
