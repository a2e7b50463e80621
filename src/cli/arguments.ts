/** Arguments that several verbs take. */

import { existsSync } from "node:fs";
import { flag, oneOf, option, optional, positional, restPositionals, type Type } from "cmd-ts";
import type { Split } from "../data/layout.js";
import type { Want } from "../runtime/machine.js";
import { oneAlone, twoToCompare } from "./verb/errors.js";

/** A spec as typed, `specs/camvid.yaml#fcn`. */
export interface Target {
  readonly entry: string;
  readonly variant: string | undefined;
}

/** A path that is there wins over syntax: in `C#/spec.yaml` the folder is called `C#`. */
export const parseTarget = (text: string): Target => {
  const at = text.lastIndexOf("#");
  const variant = text.slice(at + 1);
  return at < 0 || /[\\/]/.test(variant) || existsSync(text)
    ? { entry: text, variant: undefined }
    : { entry: text.slice(0, at), variant };
};

/** Whether a word changes a value of the spec: `train.batch=4`, but no path that is there. */
export const isOverride = (word: string): boolean =>
  /^[^\\/=]+=/.test(word) && !existsSync(parseTarget(word).entry);

export const targetType: Type<string, Target> = {
  from: async (text) => parseTarget(text),
  displayName: "SPEC[#variant]",
  description: "a spec, or one of its variants",
};

const override: Type<string, string> = {
  from: async (text) => {
    if (!text.includes("=")) throw new Error("expected path.to.key=value");
    return text;
  },
  displayName: "key=value",
  description: "changes one value of the spec: train.batch=4",
};

export const runCodeFlag = flag({
  long: "run-code",
  description: "run modules that the spec extends; the one that is named here is always run",
});

export const specArguments = {
  runCode: runCodeFlag,
  target: positional({ type: targetType }),
  overrides: restPositionals({ type: override }),
};

/** Of verbs that compare two: a spec, and behind it another or changes. */
export const othersArguments = {
  runCode: runCodeFlag,
  target: positional({ type: targetType }),
  others: restPositionals({
    type: {
      from: async (text: string) => text,
      displayName: "SPEC | key=value",
      description: "with --diff, what to compare with; changes of values",
    },
  }),
};

export type Pair<A> = readonly [left: A, right: A];

/** One target, or with `--diff` two. */
export const pairOf = (
  verb: string,
  target: Target,
  others: readonly string[],
  diff: boolean,
): readonly [Target] | Pair<Target> => {
  const [second, ...more] = others.filter((text) => !isOverride(text));
  if (!diff && second !== undefined) throw oneAlone(verb, second);
  if (diff && (second === undefined || more.length > 0)) throw twoToCompare(verb);
  return second === undefined ? [target] : [target, parseTarget(second)];
};

/** `specs/camvid.yaml#fcn`. */
export const nameOf = ({ entry, variant }: Target): string =>
  variant === undefined ? entry : `${entry}#${variant}`;

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

export const devicesOption = option({
  long: "devices",
  type: {
    displayName: "N",
    from: async (text: string): Promise<number | "all"> => {
      const count = Number(text);
      if (text === "all" || (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(count)))
        return text === "all" ? text : count;
      throw new Error(`expected a number of devices, or all, found ${text}`);
    },
  },
  description:
    "divide each batch among so many GPUs of this machine, or all; without one, among CPU devices",
  defaultValue: () => 1,
});

/** An optional text option. */
export const textOption = (long: string, displayName: string, description: string) =>
  option({
    long,
    description,
    type: optional({ from: async (text: string) => text, displayName }),
  });

/** Which weights a trained network has. */
export const weightsArguments = {
  run: textOption("run", "RUN", "the run whose weights are used; where `train` puts it otherwise"),
  best: flag({
    long: "best",
    description: "of the run, the weights that scored best on the way, instead of the last",
  }),
  weights: textOption(
    "weights",
    "FILE",
    "a file of weights for the spec's network, instead of a run",
  ),
};

export interface WhichWeights {
  readonly run: string | undefined;
  readonly best: boolean;
  readonly weights: string | undefined;
}

const imageType: Type<string, readonly [height: number, width: number]> = {
  displayName: "HxW",
  from: async (text) => {
    const [, height, width] = /^([1-9]\d{0,4})[x×]([1-9]\d{0,4})$/.exec(text) ?? [];
    if (height === undefined || width === undefined)
      throw new Error(`expected rows and columns as 1024x2048, found ${text}`);
    return [Number(height), Number(width)];
  },
};

/** Rows and columns of an image. */
export const imageOption = (description: string) =>
  option({ long: "image", type: optional(imageType), description });

/** Rows and columns of the pictures that an exported network takes. */
export const sizeOption = (description: string) =>
  option({ long: "size", type: optional(imageType), description });

const trackType: Type<string, string> = {
  displayName: "mlflow=URL",
  from: async (text) => {
    const url = /^mlflow=(https?:\/\/.+)$/.exec(text)?.[1];
    if (url === undefined || !URL.canParse(url))
      throw new Error("expected mlflow=URL, as mlflow=http://127.0.0.1:5000");
    return url;
  },
};

/** The server that a training is told to. */
export const trackOption = option({
  long: "track",
  type: optional(trackType),
  description: "also tell an MLflow server; one that is away stops nothing, and catches up",
});
