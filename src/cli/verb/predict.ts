/** `predict`: a trained network and images enter; palette PNGs of classes, and overlays, leave. */

import { command, number, option, restPositionals, string } from "cmd-ts";
import { predict } from "../../run/predict.js";
import { deviceOption, runOption, textOption, trainedArguments } from "../arguments.js";
import { noImages } from "../errors.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { print, tell } from "../terminal.js";
import { trained } from "../trained.js";
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
    handler: async ({ target, words, run: weights, out, alpha, device }) => {
      const isOverride = (word: string): boolean => /^[a-z_][\w.[\]-]*=/.test(word);
      const inputs = words.filter((word) => !isOverride(word));
      if (inputs.length === 0) throw noImages();
      const request = { target, overrides: words.filter(isOverride) };
      const { program, folder } = await trained(terminal, request, weights);
      const to = out ?? `${folder}/predictions`;
      const { events, interrupted } = await follow(terminal, (signal) =>
        predict({ program, folder, inputs, out: to, alpha, device, signal }),
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
