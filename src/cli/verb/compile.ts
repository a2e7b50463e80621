/** `compile`: prints the graph of a spec, or writes it with its SavedModel to a folder. */

import { join } from "node:path";
import { command, flag } from "cmd-ts";
import { makeFolder, writeFileAtomic } from "../../data/write.js";
import { printGraph } from "../../graph/graph.js";
import { trainingKernels } from "../../plan/step.js";
import { stagesText } from "../../report/rewrites.js";
import { kernelsHere } from "../../run/kernels.js";
import { deviceCount } from "../../runtime/machine.js";
import { replicated } from "../../target/replicas.js";
import { encode } from "../../tensorflow/proto.js";
import { devicesHere } from "../../tensorflow/replica.js";
import { lower, modelFor, stages } from "../../tensorflow/target.js";
import { devicesOption, specArguments, textOption } from "../arguments.js";
import { exit } from "../exit.js";
import { open } from "../read.js";
import { print } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "compile",
    description:
      "Prints the graph of a training step; --out writes it with a SavedModel that trains, evaluates and predicts.",
    args: {
      ...specArguments,
      print: flag({
        long: "print",
        description: "the graph as written and after each rewrite, and what each changed",
      }),
      devices: devicesOption,
      out: textOption("out", "FOLDER", "writes graph.txt, program.json and saved_model.pb there"),
    },
    handler: async ({ out, print: everyStage, devices: asked, ...request }) => {
      const count = deviceCount(asked, "auto");
      const { resolved } = await open(terminal, { ...request, devices: count });
      const kernels = kernelsHere("auto");
      if (everyStage) {
        print(terminal, stagesText(stages(resolved.experiment, kernels, count)));
        if (out === undefined) return exit.ok;
      }
      const program = lower(resolved.experiment);
      const text = printGraph(replicated(program.training, count));
      if (out === undefined) {
        print(terminal, text);
        return exit.ok;
      }
      const [height, width] = program.experiment.train.crop;
      const size = { height, width };
      const can = { train: true, evaluate: [size], predict: [size] };
      const devices = devicesHere(kernels.machine.device, count);
      const chosen = trainingKernels(program.experiment, kernels);
      const { model } = modelFor(program, can, chosen, devices);
      const about = { fingerprint: program.fingerprint, signatures: Object.keys(model.signatures) };
      const files: Readonly<Record<string, string | Uint8Array>> = {
        "graph.txt": text,
        "program.json": `${JSON.stringify(about, null, 2)}\n`,
        "saved_model.pb": encode(model),
      };
      makeFolder(out);
      for (const [name, content] of Object.entries(files)) {
        const file = join(out, name);
        await writeFileAtomic(file, content);
        print(terminal, file);
      }
      return exit.ok;
    },
  }),
);
