/** `play`: serves the playground, on which the compiler runs, to this machine alone until Ctrl-C. */

import { readFileSync } from "node:fs";
import { command, optional, positional } from "cmd-ts";
import { Failed } from "../../diagnostic/failure.js";
import { isModule } from "../../source/module.js";
import { type Target, targetType } from "../arguments.js";
import { exit, Rejected } from "../exit.js";
import { checked } from "../read.js";
import { portOption, requirePort, serveUntilStopped } from "../serving.js";
import { verb } from "../verb.js";
import { noModuleOnPage, noPage } from "./errors.js";

export const run = verb((terminal) =>
  command({
    name: "play",
    description:
      "Serves a page on which the compiler itself runs: a spec, and beside it the network, its costs, crops and graph.",
    args: {
      target: positional({ type: optional(targetType) }),
      port: portOption,
    },
    handler: async ({ target, port }) => {
      requirePort(port);
      const text = target === undefined ? pageText() : withSpec(pageText(), await given(target));
      await serveUntilStopped(
        terminal,
        async () => ({ text, policy: "base-uri 'none'", version: "" }),
        port,
      );
      return exit.ok;
    },
  }),
);

/** Beside `src` and `dist` alike. @throws Failed */
const pageText = (): string => {
  try {
    return readFileSync(new URL("../../../dist/play/browser/play.html", import.meta.url), "utf8");
  } catch {
    throw new Failed(noPage());
  }
};

/** A spec with the texts that it rests on; mistakes in it are the page's to show. */
interface Given {
  readonly name: string;
  readonly variant: string | undefined;
  readonly files: Readonly<Record<string, string>>;
}

/** @throws Failed of a module, which the page cannot run; Rejected of what cannot be read. */
const given = async (target: Target): Promise<Given> => {
  const { entry: name, variant } = target;
  if (isModule(name)) throw new Failed(noModuleOnPage(name));
  const request = {
    target: { entry: name, variant: undefined },
    overrides: [],
    runCode: false,
    readsWeights: false,
  };
  const check = await checked(request);
  const isUnread = check.diagnostics.some(({ code }) => code === "E0101");
  if (isUnread) throw new Rejected(check, false);
  return { name, variant, files: Object.fromEntries(check.sources) };
};

const PLACE = '<script type="application/json" id="given">';

/** No text can end the script that it stands in. */
const withSpec = (page: string, spec: Given): string =>
  page.replace(PLACE, () => `${PLACE}${JSON.stringify(spec).replaceAll("<", "\\u003c")}`);
