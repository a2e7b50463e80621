/** `eval` and `predict`: what a trained network scores on a split, and what it sees in images. */

import { dirname, join } from "node:path";
import {
  command,
  flag,
  number,
  oneOf,
  option,
  optional,
  restPositionals,
  string,
  type Type,
} from "cmd-ts";
import { scoreText } from "../../report/scores.js";
import { evaluate } from "../../run/evaluate.js";
import { logits, predict } from "../../run/predict.js";
import { isExported, predictExported } from "../../run/predict-exported.js";
import {
  deviceOption,
  isOverride,
  jsonFlag,
  textOption,
  trainedArguments,
  weightsArguments,
} from "../arguments.js";
import { badCount } from "../errors.js";
import { type ExitCode, exit } from "../exit.js";
import { type Followed, follow } from "../follow.js";
import { needTensorFlow } from "../setup.js";
import { print, printJson, type Terminal, tell } from "../terminal.js";
import { defaultSplit, network } from "../trained.js";
import { verb } from "../verb.js";
import { exportIsFixed, noImages, sameGoesOn } from "./errors.js";

export const evalVerb = verb((terminal) =>
  command({
    name: "eval",
    description: "Scores a run: over whole images, or as `evaluate` in the spec says.",
    args: {
      ...trainedArguments,
      ...weightsArguments,
      split: option({
        long: "split",
        type: optional(oneOf(["train", "val", "test"])),
        description: "train, val or test; val where the data have one, else test, else train",
      }),
      write: textOption(
        "write",
        "FOLDER",
        "also writes the predictions there: palette PNGs and overlays",
      ),
      json: jsonFlag,
      device: deviceOption,
    },
    handler: async ({ run, best, weights, split, write, json, device, ...request }) => {
      const { program, from } = await network(terminal, request, { run, best, weights }, json);
      await needTensorFlow(terminal);
      const { answer } = await follow(terminal, (signal) =>
        evaluate({
          ...from,
          program,
          split: split ?? defaultSplit(terminal, program),
          device,
          write,
          signal,
        }),
      );
      if (answer === null) {
        if ("folder" in from) tell(terminal, sameGoesOn);
        return exit.interrupted;
      }
      if (json) printJson(terminal, answer);
      else print(terminal, scoreText(answer));
      return exit.ok;
    },
  }),
);

const share: Type<string, number> = {
  displayName: "SHARE",
  from: async (text) => {
    const value = await number.from(text);
    if (value >= 0 && value <= 1) return value;
    throw new Error("it is a share, from 0 to 1");
  },
};

export const predictVerb = verb((terminal) =>
  command({
    name: "predict",
    description: "Segments images and folders of images.",
    args: {
      target: trainedArguments.target,
      runCode: trainedArguments.runCode,
      words: restPositionals({
        type: {
          ...string,
          displayName: "IMAGE",
          description: "images, folders, patterns, key=value",
        },
      }),
      ...weightsArguments,
      logits: textOption(
        "logits",
        "FILE.safetensors",
        "writes the logits [H, W, classes] of each image to this file, and no pictures",
      ),
      list: textOption("list", "FILE", "a file of one image a line, relative to its own folder"),
      probabilities: flag({
        long: "probabilities",
        description: "also writes NAME.safetensors: the probabilities [H, W, classes]",
      }),
      batch: option({
        long: "batch",
        type: number,
        description: "images of one size that are computed together",
        defaultValue: () => 1,
        defaultValueIsSerializable: true,
      }),
      json: jsonFlag,
      out: textOption(
        "out",
        "FOLDER",
        "where the pictures go; RUN/predictions (or -best) otherwise",
      ),
      alpha: option({
        long: "alpha",
        type: share,
        description: "how much of the overlay is colour, 0 to 1",
        defaultValue: () => 0.5,
        defaultValueIsSerializable: true,
      }),
      device: deviceOption,
    },
    handler: async ({
      target,
      runCode,
      words,
      run,
      best,
      weights,
      logits: file,
      out,
      json,
      device,
      ...asked
    }) => {
      const inputs = words.filter((word) => !isOverride(word));
      if (inputs.length === 0 && asked.list === undefined) throw noImages();
      if (!Number.isInteger(asked.batch) || asked.batch < 1) throw badCount("batch", asked.batch);
      const request = { target, runCode, overrides: words.filter(isOverride) };
      if (isExported(target.entry)) {
        const idle = Object.entries({ run, weights, logits: file })
          .flatMap(([option, value]) => (value === undefined ? [] : [option]))
          .concat(best ? ["best"] : []);
        if (idle.length > 0 || request.overrides.length > 0)
          throw exportIsFixed(target.entry, [
            ...idle.map((one) => `--${one}`),
            ...request.overrides,
          ]);
        const model = target.entry;
        const { list, alpha, probabilities } = asked;
        const found = await follow(terminal, (signal) =>
          predictExported({
            model,
            inputs,
            list,
            alpha,
            probabilities,
            out: out ?? "predictions",
            signal,
          }),
        );
        return predictions(terminal, found, json);
      }
      const { program, from } = await network(terminal, request, { run, best, weights }, json);
      await needTensorFlow(terminal);
      if (file !== undefined) {
        const job = { ...from, program, inputs, out: file, device };
        const { interrupted } = await follow(terminal, (signal) => logits({ ...job, signal }));
        if (interrupted) return exit.interrupted;
        print(terminal, file);
        return exit.ok;
      }
      const home = "folder" in from ? from.folder : best ? dirname(from.weights) : ".";
      const to = out ?? join(home, best ? "predictions-best" : "predictions");
      const found = await follow(terminal, (signal) =>
        predict({ ...from, ...asked, program, inputs, out: to, device, signal }),
      );
      return predictions(terminal, found, json);
    },
  }),
);

/** What was written goes out; what was skipped decides the code. */
const predictions = (
  terminal: Terminal,
  { events, interrupted }: Followed<void>,
  json: boolean,
): ExitCode => {
  const predicted = events.filter((event) => event.kind === "predicted");
  if (json)
    printJson(
      terminal,
      predicted.map(({ kind, ...rest }) => rest),
    );
  else
    for (const { overlay, probabilities } of predicted)
      print(terminal, [overlay, ...(probabilities ? [probabilities] : [])].join("\n"));
  if (interrupted) return exit.interrupted;
  const skipped = events.filter(({ kind }) => kind === "skipped").length;
  if (skipped === 0) return exit.ok;
  tell(terminal, `${skipped} of the images could not be segmented`);
  return exit.wrong;
};
