/**
 * Begins with what takes longest: the compiler's thread, which checks the spec that the page opens while the editor is
 * still being made. Then runs the page's program; says so where the browser cannot.
 */

import { run, unpacked } from "../../runtime/browser/unpack.js";
import type { Given } from "./compiler.js";
import { textIn } from "./share.js";
import { type Compiler, compilerOf } from "./thread.js";

/** What the page opens, and the thread that is checking it. */
export interface Opening {
  readonly given: Given;
  /** The address of the compiler's program, for more threads. */
  readonly program: string;
  readonly compiler: Compiler;
}

declare global {
  interface Window {
    opening: Promise<Opening>;
  }
}

const FIRST: Given = { name: "/specs/camvid.yaml", files: {} };

/** What `pspc play SPEC` gave; the text of a link takes its place. */
const given = async (): Promise<Given> => {
  const written = document.getElementById("given")?.textContent?.trim() ?? "";
  const own = written === "" ? FIRST : (JSON.parse(written) as Given);
  const shared = await textIn(location.hash);
  return shared === undefined ? own : { ...own, text: shared };
};

const opening = async (): Promise<Opening> => {
  const [opens, bytes] = await Promise.all([given(), unpacked("compiler")]);
  const program = URL.createObjectURL(new Blob([bytes], { type: "text/javascript" }));
  return { given: opens, program, compiler: compilerOf(program, opens) };
};

const begin = async (): Promise<void> => {
  window.opening = opening();
  // Not before: two that unpack at once are both done late.
  await window.opening;
  run(await unpacked("main"));
};

begin().catch((error: unknown) => {
  const told = document.getElementById("problems");
  if (told !== null) told.textContent = `This browser is too old for the playground: ${error}`;
});
