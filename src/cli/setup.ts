/** `setup`, and the same for verbs that compute: TensorFlow is set up by consent on a terminal, or where PSPC_SETUP says so. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { command } from "cmd-ts";
import { Failed } from "../diagnostic/failure.js";
import { cacheFolder } from "../file/places.js";
import { isSetUp } from "../runtime/tfjs.js";
import { gettingReady, notSetUp, setUpFailed } from "./errors.js";
import { exit, Interrupted } from "./exit.js";
import { type Terminal, tell } from "./terminal.js";
import { verb } from "./verb.js";

export const run = verb(() =>
  command({
    name: "setup",
    description:
      "Sets TensorFlow up, once for all projects: fetches it into a shared cache, and compiles its addon for Node.",
    args: {},
    handler: async () => {
      const code = await setUp();
      return code === exit.ok ? exit.ok : code === exit.interrupted ? code : exit.failed;
    },
  }),
);

/**
 * For a verb that computes, after its spec was found right and before anything is made.
 * @throws Failed where TensorFlow is not set up, and nobody consents or set-up fails.
 */
export const needTensorFlow = async (terminal: Terminal): Promise<void> => {
  if (!isSetUp()) await setUpNow(terminal);
  // On a terminal a bar says so.
  if (!terminal.err.isTTY) tell(terminal, gettingReady);
};

const setUpNow = async (terminal: Terminal): Promise<void> => {
  if (!(await consents(terminal))) throw new Failed(notSetUp());
  const code = await setUp();
  if (code === exit.interrupted) throw new Interrupted();
  if (code !== exit.ok) throw new Failed(setUpFailed());
};

const consents = async ({ ask }: Terminal): Promise<boolean> => {
  if (process.env.PSPC_SETUP === "yes") return true;
  if (ask === undefined) return false;
  const answer = await ask(
    `TensorFlow is not set up yet. Set-up downloads it (260 MB, 850 MB unpacked) into ${cacheFolder()}\n` +
      "and compiles its addon for Node, once for all projects. Set it up now? [Y/n] ",
  );
  return /^\s*(y(es)?)?\s*$/i.test(answer);
};

/** Its exit code; what it says goes to `err`, for it is no answer. */
const setUp = (): Promise<number> => {
  const program = fileURLToPath(new URL("../../scripts/setup.mjs", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["ignore", 2, 2] });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? exit.interrupted));
  });
};
