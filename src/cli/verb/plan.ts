/** `plan`: a spec enters; layers, costs, memory and rates leave. Nothing is trained, TensorFlow is not loaded. */

import { command, flag } from "cmd-ts";
import { openSplit } from "../../data/layout.js";
import { Failed } from "../../diagnostic/failure.js";
import type { Data } from "../../normalize/experiment.js";
import { lower } from "../../plan/program.js";
import { plan } from "../../report/plan.js";
import { planText } from "../../report/plan-text.js";
import { jsonFlag, specArguments } from "../arguments.js";
import { exit } from "../exit.js";
import { open } from "../read.js";
import { hasColour, print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "plan",
    description: "The network as a table, what it costs and how it is trained; nothing runs.",
    args: {
      ...specArguments,
      json: jsonFlag,
      layers: flag({ long: "layers", description: "a row for every convolution" }),
    },
    handler: async ({ json, layers, ...request }) => {
      const { resolved, variants } = await open(terminal, request, json);
      const { experiment, training, fingerprint } = lower(resolved.experiment);
      const planned = plan({
        experiment,
        training,
        fingerprint: fingerprint.training,
        variants,
        images: await imageCount(experiment.data),
      });
      if (json) printJson(terminal, planned);
      else
        print(terminal, planText(planned, { colour: hasColour(terminal.out), everyLayer: layers }));
      return exit.ok;
    },
  }),
);

/** A plan needs no data: where there is none, its length stays unknown. */
const imageCount = async (data: Data): Promise<number | null> => {
  try {
    return (await openSplit(data, "train")).length;
  } catch (error) {
    if (error instanceof Failed) return null;
    throw error;
  }
};
