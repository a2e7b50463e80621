/** `dash`: serves a page of a folder of runs, live while they train, to this machine alone until Ctrl-C. */

import { existsSync } from "node:fs";
import { command, optional, positional } from "cmd-ts";
import { Failed } from "../../diagnostic/failure.js";
import { liveReport } from "../../report/live.js";
import { noRunsFolder } from "../errors.js";
import { exit } from "../exit.js";
import { portOption, requirePort, serveUntilStopped } from "../serving.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "dash",
    description: "Shows the runs of a folder in the browser, live, to this machine alone.",
    args: {
      runs: positional({
        type: optional({
          from: async (text: string) => text,
          displayName: "RUNS",
          description: "the folder of the runs; `runs` otherwise",
        }),
      }),
      port: portOption,
    },
    handler: async ({ runs = "runs", port }) => {
      requirePort(port);
      if (!existsSync(runs)) throw new Failed(noRunsFolder(runs));
      await serveUntilStopped(terminal, liveReport(runs), port);
      return exit.ok;
    },
  }),
);
