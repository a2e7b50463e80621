/** `import`: a file of weights and a spec enter; what fits of it, and why the rest does not, leaves, or a file of ours. */

import { command, oneOf, option, positional, string } from "cmd-ts";
import { writeFileAtomic } from "../../data/write.js";
import { importText } from "../../report/import.js";
import { misfits } from "../../weights/check.js";
import { fitOf, isWhole, networkVariables } from "../../weights/fit.js";
import { readFitting } from "../../weights/load.js";
import { openWeights } from "../../weights/open.js";
import { encodeSafetensors } from "../../weights/safetensors.js";
import { jsonFlag, specArguments, textOption } from "../arguments.js";
import { exit } from "../exit.js";
import { open } from "../read.js";
import { hasColour, print, printJson, tell } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "import",
    description:
      "Says which tensors of a file of weights fit the network of a spec, and why the others do not; --to writes them under our names.",
    args: {
      file: positional({ type: string, displayName: "FILE", description: "a file of weights" }),
      ...specArguments,
      only: option({
        long: "only",
        type: oneOf(["all", "backbone"]),
        description: "what is asked of the file: all, or the backbone",
        defaultValue: () => "all" as const,
        defaultValueIsSerializable: true,
      }),
      to: textOption("to", "FILE.safetensors", "where what fits is written, under our names"),
      json: jsonFlag,
    },
    handler: async ({ file, only, to, json, ...request }) => {
      const { resolved } = await open(terminal, request, json);
      const { experiment } = resolved;
      const opened = await openWeights(file);
      try {
        const found = fitOf(opened, networkVariables(experiment, "train"), experiment.model, only);
        const wrong = misfits(found, experiment.model);
        if (json) printJson(terminal, { ...answer(found), misfits: wrong });
        else print(terminal, importText(found, wrong, hasColour(terminal.out)));
        if (!isWhole(found)) return exit.wrong;
        if (to === undefined) return exit.ok;
        const tensors = readFitting(opened, found);
        await writeFileAtomic(to, encodeSafetensors(tensors, { format: "pspc", from: file }));
        tell(terminal, `wrote ${to}`);
        return exit.ok;
      } finally {
        opened.close();
      }
    },
  }),
);

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
});
