/** For tests of the front half: specs given as texts by name, checked and rendered without a file system. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as E from "fp-ts/lib/Either.js";
import { evaluate } from "../../src/file/module.js";
import { failure } from "../../src/diagnostic/failure.js";
import { render } from "../../src/diagnostic/render.js";
import type { Source } from "../../src/normalize/extend.js";
import { type Check, checkStill, type StillWorld } from "../../src/compile.js";
import { sampleHeaders } from "./weights.js";

/** What the examples leave out. */
export const minimal = `pspc: 1
data: {root: data, train: train.txt, classes: [sky, road, car]}
train: {iterations: 1000, crop: 89}
`;

export interface Files {
  readonly [name: string]: Source;
}

/** Of `spec.yaml` among the files, or of another. */
export const check = (
  files: Files,
  variant?: string,
  overrides: readonly string[] = [],
  entry = "spec.yaml",
): Check =>
  checkStill(worldOf(files))({ entry, variant, overrides });

/** A machine without bf16, with a list of 20,000 samples in any folder that is not `elsewhere`, and with files of weights beside the specs. */
const worldOf = (files: Files): StillWorld => ({
  cwd: "/project",
  read: (path) =>
    E.fromNullable(failure(`cannot read ${path}`, "no such file"))(
      Object.hasOwn(files, path) ? files[path] : undefined,
    ),
  headers: sampleHeaders,
  computesBf16: () => false,
  samples: () => 20_000,
  isFolder: (path) => !path.endsWith("elsewhere"),
});

/** Of a spec in TypeScript, which is run from a folder beside the minimal one. */
export const checkModule = (text: string, overrides: readonly string[] = []): Check => {
  const folder = mkdtempSync(join(tmpdir(), "pspc-module-"));
  const file = join(folder, "spec.ts");
  writeFileSync(file, text);
  try {
    const files = { "spec.ts": evaluate(file, text), "minimal.yaml": minimal };
    return check(files, undefined, overrides, "spec.ts");
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** A spec over the minimal one. */
export const checkChild = (
  text: string,
  variant?: string,
  overrides?: readonly string[],
): Check =>
  check({ "minimal.yaml": minimal, "spec.yaml": `extends: minimal.yaml\n${text}` }, variant, overrides);

export const shown = ({ diagnostics, sources }: Check): string =>
  render(diagnostics, sources, { colour: false });

/** The codes found, in order. */
export const codes = ({ diagnostics }: Check): readonly string[] => diagnostics.map((d) => d.code);
