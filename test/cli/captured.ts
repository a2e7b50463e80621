/** The command line in a test: words enter, the exit code and both streams leave. */

import { Writable } from "node:stream";
import { main } from "../../src/cli/main.js";
import type { Stream } from "../../src/cli/terminal.js";

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const collector = (): { readonly stream: Stream; readonly text: () => string } => {
  const written: string[] = [];
  const stream = new Writable({
    write: (chunk, _, done) => {
      written.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => written.join("") };
};

/** Runs a verb as in a pipe, in a folder; a test file is a process of its own. */
export const pspc = async (folder: string, ...argv: readonly string[]): Promise<Answer> => {
  const [out, err] = [collector(), collector()];
  const home = process.cwd();
  process.chdir(folder);
  try {
    const code = await main(argv, { out: out.stream, err: err.stream });
    return { code, out: out.text(), err: err.text() };
  } finally {
    process.chdir(home);
  }
};
