/** `predict`: a trained network and images enter; palette PNGs of classes, and overlays, leave. */

import { dirname, join } from "node:path";
import { command, flag, number, option, restPositionals, string, type Type } from "cmd-ts";
import { logits } from "../../run/logits.js";
import { predict } from "../../run/predict.js";
import {
  deviceOption,
  jsonFlag,
  textOption,
  trainedArguments,
  weightsArguments,
} from "../arguments.js";
import { badCount, noImages } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { print, printJson, tell } from "../terminal.js";
import { network } from "../trained.js";
import { verb } from "../verb.js";

const share: Type<string, number> = {
  displayName: "SHARE",
  from: async (text) => {
    const value = await number.from(text);
    if (value >= 0 && value <= 1) return value;
    throw new Error("it is a share, from 0 to 1");
  },
};

export const run = verb((terminal) =>
  command({
    name: "predict",
    description: "Segments images and folders of images.",
    args: {
      target: trainedArguments.target,
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
      const isOverride = (word: string): boolean => /^[a-z_][\w.[\]-]*=/.test(word);
      const inputs = words.filter((word) => !isOverride(word));
      if (inputs.length === 0 && asked.list === undefined) throw noImages();
      if (!Number.isInteger(asked.batch) || asked.batch < 1) throw badCount("batch", asked.batch);
      const request = { target, overrides: words.filter(isOverride) };
      const { program, from } = await network(terminal, request, { run, best, weights }, json);
      if (file !== undefined) {
        const job = { ...from, program, inputs, out: file, device };
        const { interrupted } = await follow(terminal, (signal) => logits({ ...job, signal }));
        if (interrupted) return exit.interrupted;
        print(terminal, file);
        return exit.ok;
      }
      const home = "folder" in from ? from.folder : best ? dirname(from.weights) : ".";
      const to = out ?? join(home, best ? "predictions-best" : "predictions");
      const { events, interrupted } = await follow(terminal, (signal) =>
        predict({ ...from, ...asked, program, inputs, out: to, device, signal }),
      );
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
    },
  }),
);
