/** `dash`: serves a page of a folder of runs, live while they train, to this machine alone until Ctrl-C. */

import { existsSync } from "node:fs";
import { command, number, option, optional, positional } from "cmd-ts";
import { Failed } from "../../diagnostic/failure.js";
import { liveReport, serve } from "../../report/live.js";
import { badPort, noRunsFolder } from "../errors.js";
import { exit } from "../exit.js";
import { stops } from "../follow.js";
import { print, tell } from "../terminal.js";
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
      port: option({
        long: "port",
        type: number,
        description: "on 127.0.0.1; 0 takes any that is free",
        defaultValue: () => 8417,
        defaultValueIsSerializable: true,
      }),
    },
    handler: async ({ runs = "runs", port }) => {
      if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badPort(port);
      if (!existsSync(runs)) throw new Failed(noRunsFolder(runs));
      const stopped = interruption();
      const { url, close } = await serve(liveReport(runs), port);
      print(terminal, url);
      tell(terminal, "Ctrl-C stops serving");
      await stopped;
      await close();
      tell(terminal, "\nstopped");
      return exit.ok;
    },
  }),
);

const interruption = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of stops) process.off(signal, stop);
      resolve();
    };
    for (const signal of stops) process.on(signal, stop);
  });
