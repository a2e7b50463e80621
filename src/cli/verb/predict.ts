/** `predict`: a trained network and images enter; palette PNGs of classes, and overlays, leave. */

import { command, number, option, restPositionals, string } from "cmd-ts";
import { logits } from "../../run/logits.js";
import { predict } from "../../run/predict.js";
import {
  deviceOption,
  runOption,
  textOption,
  trainedArguments,
  weightsOption,
} from "../arguments.js";
import { noImages } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { print, tell } from "../terminal.js";
import { network } from "../trained.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "predict",
    description: "Segments images and folders of images.",
    args: {
      target: trainedArguments.target,
      words: restPositionals({
        type: { ...string, displayName: "IMAGE", description: "images, folders, key=value" },
      }),
      run: runOption,
      weights: weightsOption,
      logits: textOption(
        "logits",
        "FILE.safetensors",
        "writes the logits [H, W, classes] of each image to this file, and no pictures",
      ),
      out: textOption("out", "FOLDER", "where the pictures go; RUN/predictions otherwise"),
      alpha: option({
        long: "alpha",
        type: number,
        description: "how much of the overlay is colour, 0 to 1",
        defaultValue: () => 0.5,
        defaultValueIsSerializable: true,
      }),
      device: deviceOption,
    },
    handler: async ({ target, words, run, weights, logits: file, out, alpha, device }) => {
      const isOverride = (word: string): boolean => /^[a-z_][\w.[\]-]*=/.test(word);
      const inputs = words.filter((word) => !isOverride(word));
      if (inputs.length === 0) throw noImages();
      const request = { target, overrides: words.filter(isOverride) };
      const { program, from } = await network(terminal, request, { run, weights });
      if (file !== undefined) {
        const job = { ...from, program, inputs, out: file, device };
        const { interrupted } = await follow(terminal, (signal) => logits({ ...job, signal }));
        if (interrupted) return exit.interrupted;
        print(terminal, file);
        return exit.ok;
      }
      const to = out ?? ("folder" in from ? `${from.folder}/predictions` : "predictions");
      const { events, interrupted } = await follow(terminal, (signal) =>
        predict({ ...from, program, inputs, out: to, alpha, device, signal }),
      );
      for (const event of events) if (event.kind === "predicted") print(terminal, event.overlay);
      if (interrupted) return exit.interrupted;
      const skipped = events.filter(({ kind }) => kind === "skipped").length;
      if (skipped === 0) return exit.ok;
      tell(terminal, `${skipped} of the images could not be segmented`);
      return exit.wrong;
    },
  }),
);
