/** The folder src/ → its files with what they import and say; what the house rules are checked on. */

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** In the order in which a spec flows through them: a room imports only rooms before it. */
export const rooms = [
  "diagnostic",
  "source",
  "language",
  "normalize",
  "rules",
  "graph",
  "model",
  "gradient",
  "rewrite",
  "target",
  "plan",
  "metric",
  "tensorflow",
  "onnx",
  "file",
  "weights",
  "compile.ts",
  "runtime",
  "host.ts",
  "data",
  "run",
  "report",
  "editor",
  "play",
  "library.ts",
  "index.ts",
  "cli",
  "browser",
] as const;

export interface Import {
  /** As written, or for a relative one the path within src/. */
  readonly target: string;
  readonly typeOnly: boolean;
}

export interface Source {
  /** Within src/: `graph/infer.ts`. */
  readonly path: string;
  readonly room: string;
  readonly text: string;
  /** `text` without its comments. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** `import … from "x"`, `export … from "x"`, `import "x"`, `import("x")`, `require("x")`. */
const imported =
  /^(?:import|export)\s+(?:(type)\s)?(?:[^;"]*?\sfrom\s)?"([^"]+)"|\b(?:import|require)\("([^"]+)"\)/gm;

export const sources: readonly Source[] = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .sort()
  .map((path) => source(path, readFileSync(join("src", path), "utf8")));

export function source(path: string, text: string): Source {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return {
    path,
    room: path.split("/")[0] ?? path,
    text,
    code,
    lines: text.trimEnd().split("\n").length,
    imports: [...code.matchAll(imported)].map(([, type, from, dynamic]) => ({
      target: within(path, from ?? dynamic ?? ""),
      typeOnly: type !== undefined,
    })),
  };
}

function within(path: string, target: string): string {
  if (!target.startsWith(".")) return target;
  return posix.join(posix.dirname(path), target).replace(/\.js$/, ".ts");
}
