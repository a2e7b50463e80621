/** `export`: a trained network enters; its weights leave as safetensors, under our names or another program's. */

import { command, oneOf, option } from "cmd-ts";
import { writeFileAtomic } from "../../data/write.js";
import type { Program } from "../../plan/program.js";
import { readSafetensors, weightsOf } from "../../run/checkpoint.js";
import type { Trained } from "../../run/inference.js";
import { networkVariables, skeletonOf } from "../../weights/fit.js";
import { averaged, load, select } from "../../weights/load.js";
import { exported, nameMaps } from "../../weights/names.js";
import { openWeights } from "../../weights/open.js";
import { encodeSafetensors } from "../../weights/safetensors.js";
import type { Tensor } from "../../weights/tensor.js";
import { textOption, trainedArguments, weightsArguments } from "../arguments.js";
import { exportNeedsFile } from "../errors.js";
import { exit } from "../exit.js";
import { print, tell } from "../terminal.js";
import { network } from "../trained.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "export",
    description:
      "Writes the weights of a run as safetensors, under our names or those that another program loads.",
    args: {
      ...trainedArguments,
      ...weightsArguments,
      to: textOption("to", "FILE.safetensors", "the file to write"),
      names: option({
        long: "names",
        type: oneOf(nameMaps.map(({ name }) => name)),
        description: `whose names: ${nameMaps.map(({ name }) => name).join(", ")}`,
        defaultValue: () => "pspc",
        defaultValueIsSerializable: true,
      }),
    },
    handler: async ({ run, best, weights, to, names, ...request }) => {
      if (to === undefined) throw exportNeedsFile();
      const { program, from } = await network(terminal, request, { run, best, weights });
      const map = nameMaps.find(({ name }) => name === names)!;
      const ours = await weightsFrom(program, from);
      const { tensors, left } = exported(ours, map, skeletonOf(program.experiment.model));
      const { graph, training } = program.fingerprint;
      await writeFileAtomic(
        to,
        encodeSafetensors(tensors, { format: "pspc", names, graph, training }),
      );
      if (left.length > 0)
        tell(
          terminal,
          `note: ${map.of} have no head: ${left.length} of ${ours.size} tensors stay here`,
        );
      print(terminal, to);
      return exit.ok;
    },
  }),
);

/** The whole network's, its auxiliary head among them. */
const weightsFrom = async (
  { experiment }: Program,
  from: Trained,
): Promise<ReadonlyMap<string, Tensor>> => {
  const variables = networkVariables(experiment, "train");
  if ("folder" in from) {
    const file = weightsOf(from.folder);
    return select(averaged((await readSafetensors(file)).tensors), variables, file);
  }
  const opened = await openWeights(from.weights);
  try {
    return load(opened, variables, experiment.model);
  } finally {
    opened.close();
  }
};
