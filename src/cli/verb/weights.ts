/** `import` and `export`: which weights of a file fit a spec, and the weights of a run as safetensors. */

import { command, oneOf, option, optional, positional, string } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { writeFileAtomic } from "../../data/write.js";
import { orThrow, valueOrThrow } from "../../diagnostic/failure.js";
import type { Experiment } from "../../normalize/experiment.js";
import type { Program } from "../../plan/program.js";
import { importText } from "../../report/weights.js";
import { readSafetensors, weightsOf } from "../../run/checkpoint.js";
import type { Trained } from "../../run/inference.js";
import { misfits } from "../../weights/check.js";
import type { Read, WeightsFile } from "../../weights/file.js";
import {
  type Asked,
  type Fit,
  fitOf,
  isWhole,
  networkVariables,
  skeletonOf,
  WHOLE,
} from "../../weights/fit.js";
import { averaged, load, readFitting, select } from "../../weights/load.js";
import { nameMaps } from "../../weights/name-maps.js";
import { exported } from "../../weights/names.js";
import { withWeights } from "../../weights/open.js";
import { encodeSafetensors } from "../../weights/safetensors.js";
import type { Tensor } from "../../weights/tensor.js";
import {
  jsonFlag,
  specArguments,
  textOption,
  trainedArguments,
  weightsArguments,
} from "../arguments.js";
import { exportIsSafetensors, exportNeedsFile } from "../errors.js";
import { exit } from "../exit.js";
import { open } from "../read.js";
import { print, printJson, tell } from "../terminal.js";
import { network } from "../trained.js";
import { verb } from "../verb.js";

export const importVerb = verb((terminal) =>
  command({
    name: "import",
    description:
      "Says which tensors of a file of weights fit the network of a spec, and why the others do not; --to writes them under our names.",
    args: {
      file: positional({ type: string, displayName: "FILE", description: "a file of weights" }),
      ...specArguments,
      only: option({
        long: "only",
        type: optional(oneOf<"all" | "backbone">(["all", "backbone"])),
        description:
          "what is asked of the file; else what the spec's own weights ask of theirs, or all",
      }),
      replace: option({
        long: "replace",
        type: optional(oneOf<"none" | "classifier">(["none", "classifier"])),
        description: "layers that are not asked of the file; else those of the spec's own weights",
      }),
      to: textOption("to", "FILE.safetensors", "where what fits is written, under our names"),
      json: jsonFlag,
    },
    handler: async ({ file, only, replace, to, json, ...request }) => {
      const given = { ...(only && { only }), ...(replace && { replace }) };
      const { resolved } = await open(terminal, request, json);
      const { experiment } = resolved;
      const { found, tensors } = await orThrow(
        withWeights(
          file,
          lookAt(
            experiment,
            { ...(experiment.model.weights ?? WHOLE), ...given },
            to !== undefined,
          ),
        ),
      );
      const wrong = misfits(found, experiment.model);
      if (json) printJson(terminal, { ...answer(found), misfits: wrong });
      else print(terminal, importText(found, wrong));
      if (to !== undefined && tensors.size > 0) {
        await writeFileAtomic(to, encodeSafetensors(tensors, { format: "pspc", from: file }));
        tell(terminal, `wrote ${to}: ${tensors.size} tensors`);
      }
      return isWhole(found) ? exit.ok : exit.wrong;
    },
  }),
);

interface Looked {
  readonly found: Fit;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** What fits, and the numbers of it where they are to be written. */
const lookAt =
  (experiment: Experiment, asked: Asked, isWritten: boolean) =>
  (opened: WeightsFile): Read<Looked> => {
    const found = fitOf(opened, networkVariables(experiment, "train"), experiment.model, asked);
    return isWritten
      ? pipe(
          readFitting(opened, found),
          E.map((tensors) => ({ found, tensors })),
        )
      : E.right({ found, tensors: new Map() });
  };

const answer = ({
  header,
  map,
  prefix,
  fits,
  missing,
  misshapen,
  ...rest
}: ReturnType<typeof fitOf>) => ({
  format: header.format,
  names: map.name,
  prefix,
  fits: fits.map(({ variable, name }) => ({ ours: variable.name, theirs: name })),
  missing: missing.map(({ name }) => name),
  misshapen: misshapen.map(({ variable, name, shape }) => ({
    ours: variable.name,
    theirs: name,
    shape,
    wanted: variable.shape,
  })),
  unexpected: [...rest.unexpected, ...rest.auxiliary],
  aside: rest.aside,
  beside: header.beside,
});

export const exportVerb = verb((terminal) =>
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
      if (!to.endsWith(".safetensors")) throw exportIsSafetensors(to);
      const { program, from } = await network(terminal, request, { run, best, weights });
      const map = nameMaps.find(({ name }) => name === names)!;
      const ours = await weightsFrom(program, from);
      const { experiment } = program;
      const variables = networkVariables(experiment, "train");
      const { tensors, left } = exported(ours, variables, map, skeletonOf(experiment.model));
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
    const { tensors } = await readSafetensors(file);
    return valueOrThrow(select(averaged(tensors), variables, file));
  }
  return orThrow(withWeights(from.weights, (opened) => load(opened, variables, experiment.model)));
};
