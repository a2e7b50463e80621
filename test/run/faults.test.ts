/** Wrong data are told before anything is made: which file, which value. */

import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { palette } from "../../src/data/palette.js";
import { writeClasses } from "../../src/data/write-image.js";
import type { Event } from "../../src/run/event.js";
import { train } from "../../src/run/train.js";
import { lower } from "../../src/tensorflow/target.js";
import { collect, experiment, failureOf, program, squares, temporary } from "./tiny.js";

const folder = await temporary();
const data = join(folder, "data");
const run = join(folder, "run");

beforeEach(() => squares(data));

/** What training says, after which there must be no run. */
const refusal = async (of = program(data), seen: Event[] = []) => {
  const failure = await failureOf(
    collect(train({ program: of, folder: run, device: "cpu", workers: 0 }), (event) => {
      seen.push(event);
      return false;
    }),
  );
  expect(existsSync(run)).toBe(false);
  return failure;
};

describe("training refuses", () => {
  test("a label value outside the classes", async () => {
    const labels = new Uint8Array(44 * 46).fill(7, 0, 3);
    await writeClasses(join(data, "4.label.png"), labels, 44, 46, palette());
    const failure = await refusal();
    expect(failure.message).toContain("4.label.png");
    expect(failure.reason).toBe("value 7 in 3 pixels");
  });

  test("a missing image", async () => {
    await rm(join(data, "2.png"));
    expect((await refusal()).message).toMatch(/train\.txt:3: the image 2\.png does not exist/);
  });

  test("a truncated image, of the validation split too", async () => {
    const whole = await readFile(join(data, "9.png"));
    await writeFile(join(data, "9.png"), whole.subarray(0, whole.length / 2));
    expect((await refusal()).message).toMatch(/cannot read .*9\.png/);
  });

  test("an image and a label of different size", async () => {
    const labels = new Uint8Array(20 * 30);
    await writeClasses(join(data, "0.label.png"), labels, 20, 30, palette());
    expect((await refusal()).reason).toMatch(/the image is 46×44, the label 30×20/);
  });

  test.each([
    [
      "weights that are not there",
      () => {
        const whole = experiment(data);
        const weights = {
          file: join(folder, "none.safetensors"),
          only: "all",
          replace: "none",
        } as const;
        return lower({ ...whole, model: { ...whole.model, weights } });
      },
      /cannot (read|open) .*none\.safetensors/,
    ],
    [
      "fewer pictures than a batch has",
      () => program(data, { batch: 9 }),
      /8 training samples do not fill a batch of 9/,
    ],
    [
      "a validation list that is not there",
      () => {
        const whole = experiment(data);
        return lower({ ...whole, data: { ...whole.data, val: "none.txt" } });
      },
      /cannot read the val list .*none\.txt/,
    ],
  ])("%s, before it reads a picture", async (_, of, message) => {
    const seen: Event[] = [];
    expect((await refusal(of(), seen)).message).toMatch(message);
    expect(seen).toEqual([]);
  });

  test("several mistakes at once, all of them named", async () => {
    await writeFile(join(data, "1.png"), "no picture");
    await writeFile(join(data, "3.label.png"), "no picture");
    const { message, reason } = await refusal();
    expect(message).toMatch(/^2 mistakes/);
    expect(reason).toMatch(/1\.png[\s\S]*3\.label\.png/);
  });
});
