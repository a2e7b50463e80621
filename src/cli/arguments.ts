/** Arguments that several verbs take: words enter, typed values leave. */

import { flag, oneOf, option, optional, positional, restPositionals, type Type } from "cmd-ts";
import type { Split } from "../data/layout.js";
import type { Want } from "../runtime/library.js";

/** A spec as typed, `specs/camvid.yaml#fcn`. */
export interface Target {
  readonly entry: string;
  readonly variant: string | undefined;
}

export const parseTarget = (text: string): Target => {
  const at = text.lastIndexOf("#");
  return at < 0
    ? { entry: text, variant: undefined }
    : { entry: text.slice(0, at), variant: text.slice(at + 1) };
};

export const targetType: Type<string, Target> = {
  from: async (text) => parseTarget(text),
  displayName: "SPEC[#variant]",
  description: "a spec, or one of its variants",
};

const override: Type<string, string> = {
  from: async (text) => {
    if (!text.includes("=")) throw new Error(`expected path.to.key=value, found ${text}`);
    return text;
  },
  displayName: "key=value",
  description: "changes one value of the spec: train.batch=4",
};

export const specArguments = {
  target: positional({ type: targetType }),
  overrides: restPositionals({ type: override }),
};

/** What a trained network is named by. */
export const trainedArguments = {
  ...specArguments,
  target: positional({
    type: { ...targetType, displayName: "SPEC[#variant]|RUN", description: "a spec, or a run" },
  }),
};

export const jsonFlag = flag({ long: "json", description: "answer as JSON" });

export const splitOption = option({
  long: "split",
  type: oneOf<Split>(["train", "val", "test"]),
  description: "train, val or test",
  defaultValue: () => "train" as const,
  defaultValueIsSerializable: true,
});

export const deviceOption = option({
  long: "device",
  type: oneOf<Want>(["auto", "cpu", "gpu"]),
  description: "where to run: auto, cpu or gpu; a GPU that is asked for and absent is an error",
  defaultValue: () => "auto" as const,
  defaultValueIsSerializable: true,
});

/** An optional text option. */
export const textOption = (long: string, displayName: string, description: string) =>
  option({
    long,
    description,
    type: optional({ from: async (text: string) => text, displayName }),
  });

export const weightsOption = textOption(
  "weights",
  "FILE",
  "a file of weights for the spec's network, instead of a run",
);

export const runOption = textOption(
  "run",
  "RUN",
  "the run whose weights are used; where `train` puts it otherwise",
);
