/** `doctor` and `tune`: what this machine can run, and which form of each layer it runs fastest. */

import { command, flag } from "cmd-ts";
import { evaluationStep } from "../../plan/inference.js";
import { busyText, doctorText, tuning, tuningText } from "../../report/machine.js";
import { calibrate, isSteady } from "../../run/calibrate.js";
import { hasSpeeds, keepForms, keepSpeeds, kernelsFrom } from "../../run/kernels.js";
import { fastest, layersOf, tune } from "../../run/tune.js";
import { diagnose } from "../../runtime/doctor.js";
import { thisMachine, type Want } from "../../runtime/machine.js";
import { lower } from "../../tensorflow/target.js";
import { deviceOption, imageOption, jsonFlag, specArguments } from "../arguments.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { open } from "../read.js";
import { needTensorFlow } from "../setup.js";
import { print, printJson, type Terminal, tell } from "../terminal.js";
import { verb } from "../verb.js";

export const doctor = verb((terminal) =>
  command({
    name: "doctor",
    description: "Says what this machine can run: Node, TensorFlow, devices, oneDNN, bf16.",
    args: {
      calibrate: flag({
        long: "calibrate",
        description: "first measures again by what the forms of layers are chosen, in some seconds",
      }),
      json: jsonFlag,
    },
    handler: async ({ json, calibrate: again }) => {
      if (again) {
        await needTensorFlow(terminal);
        await calibrated(terminal, "auto");
      }
      const report = { ...(await diagnose()), kernels: kernelsFrom("auto") };
      if (json) printJson(terminal, report);
      else print(terminal, doctorText(report));
      const { tensorflow } = report;
      return "kind" in tensorflow || !tensorflow.toy.right ? exit.failed : exit.ok;
    },
  }),
);

export const tuneVerb = verb((terminal) =>
  command({
    name: "tune",
    description:
      "Measures every exact form of the layers of a spec on this machine; training and inference take the fastest from then on.",
    args: {
      ...specArguments,
      image: imageOption(
        "the image whose evaluation is measured too; of the crop's size otherwise",
      ),
      json: jsonFlag,
      device: deviceOption,
    },
    handler: async ({ image, json, device, ...request }) => {
      const { resolved } = await open(terminal, request, json);
      const { experiment, training } = lower(resolved.experiment);
      await needTensorFlow(terminal);
      const [height, width] = image ?? experiment.train.crop;
      const asked = [evaluationStep(experiment, height, width)];
      const layers = layersOf({ training: [training], asked });
      await calibrateOnce(terminal, device);
      const { answer, interrupted } = await follow(terminal, (signal) =>
        tune(layers, device, signal),
      );
      const told = answer.map((each) => ({ name: each.name, form: fastest(each) }));
      const forms = Object.fromEntries(
        told.flatMap(({ name, form }) => (form === null ? [] : [[name, form] as const])),
      );
      const unknown = told.flatMap(({ name, form }) => (form === null ? [name] : []));
      const file = await keepForms(device, forms, unknown);
      const found = tuning(answer, thisMachine(device).name, file);
      if (json) printJson(terminal, found);
      else print(terminal, tuningText(found));
      if (!interrupted) return exit.ok;
      tell(terminal, `stopped: ${answer.length} of ${layers.length} layers are kept`);
      return exit.interrupted;
    },
  }),
);

/** Layers that are never tuned, and those of which nothing could be told, take the form that the machine's speeds suggest. */
const calibrateOnce = async (terminal: Terminal, device: Want): Promise<void> => {
  if (!hasSpeeds(device)) await calibrated(terminal, device);
};

/** Numbers that a busy machine gave are told, and not kept. */
const calibrated = async (terminal: Terminal, device: Want): Promise<void> => {
  if (thisMachine(device).device === "gpu") return;
  const found = await calibrate(device);
  if (isSteady(found)) await keepSpeeds(device, found.speeds);
  else tell(terminal, busyText(found));
};
