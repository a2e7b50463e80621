/** `doctor`: this machine enters; what it can run, and what is missing, leaves. */

import { command } from "cmd-ts";
import { doctorText } from "../../report/doctor.js";
import { diagnose } from "../../runtime/doctor.js";
import { jsonFlag } from "../arguments.js";
import { exit } from "../exit.js";
import { print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
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
