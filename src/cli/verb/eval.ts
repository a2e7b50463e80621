/** `eval`: a trained network and a split enter; its scores leave. */

import { command, oneOf, option, optional } from "cmd-ts";
import { scoreText } from "../../report/scores.js";
import { evaluate } from "../../run/evaluate.js";
import {
  deviceOption,
  jsonFlag,
  textOption,
  trainedArguments,
  weightsArguments,
} from "../arguments.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { hasColour, print, printJson, tell } from "../terminal.js";
import { defaultSplit, network } from "../trained.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
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
        if ("folder" in from) tell(terminal, "the same command goes on where this one stopped");
        return exit.interrupted;
      }
      if (json) printJson(terminal, answer);
      else print(terminal, scoreText(answer, hasColour(terminal.out)));
      return exit.ok;
    },
  }),
);
