/** `import`: which weights of a file fit a spec, and why the others do not. */

import { command, oneOf, option, optional, positional, string } from "cmd-ts";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { writeFileAtomic } from "../../data/write.js";
import { orThrow } from "../../diagnostic/failure.js";
import type { Experiment } from "../../normalize/experiment.js";
import { importText } from "../../report/weights.js";
import { misfits } from "../../weights/check.js";
import type { Read, WeightsFile } from "../../weights/file.js";
import {
  type Asked,
  type Fit,
  fitOf,
  isWhole,
  networkVariables,
  WHOLE,
} from "../../weights/fit.js";
import { readFitting } from "../../weights/load.js";
import { withWeights } from "../../weights/open.js";
import { encodeSafetensors } from "../../weights/safetensors.js";
import type { Tensor } from "../../weights/tensor.js";
import { jsonFlag, specArguments, textOption } from "../arguments.js";
import { exit } from "../exit.js";
import { open } from "../read.js";
import { print, printJson, tell } from "../terminal.js";
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
      const { resolved } = await open(terminal, { ...request, readsWeights: false }, json);
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
