/** `doctor` and `tune`: what this machine can run, and which form of each layer it runs fastest. */

import { command } from "cmd-ts";
import { evaluationStep } from "../../plan/inference.js";
import { doctorText, tuning, tuningText } from "../../report/machine.js";
import { fastest, keepForms, layersOf, tune } from "../../run/tune.js";
import { diagnose } from "../../runtime/doctor.js";
import { thisMachine } from "../../runtime/machine.js";
import { lower } from "../../tensorflow/target.js";
import { deviceOption, imageOption, jsonFlag, specArguments } from "../arguments.js";
import { exit } from "../exit.js";
import { follow } from "../follow.js";
import { open } from "../read.js";
import { needTensorFlow } from "../setup.js";
import { print, printJson, tell } from "../terminal.js";
import { verb } from "../verb.js";

export const doctor = verb((terminal) =>
  command({
    name: "doctor",
    description: "Says what this machine can run: Node, TensorFlow, devices, oneDNN, bf16.",
    args: { json: jsonFlag },
    handler: async ({ json }) => {
      const report = await diagnose();
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
      const layers = layersOf([training, evaluationStep(experiment, height, width)]);
      const { answer, interrupted } = await follow(terminal, (signal) =>
        tune(layers, device, signal),
      );
      const forms = Object.fromEntries(answer.map((each) => [each.name, fastest(each)]));
      const file = await keepForms(device, forms);
      const found = tuning(answer, thisMachine(device).name, file);
      if (json) printJson(terminal, found);
      else print(terminal, tuningText(found));
      if (!interrupted) return exit.ok;
      tell(terminal, `stopped: ${answer.length} of ${layers.length} layers are kept`);
      return exit.interrupted;
    },
  }),
);
