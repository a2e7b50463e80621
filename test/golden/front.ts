/** For tests of the front half: specs given as texts by name, checked and rendered without a file system. */

import * as E from "fp-ts/lib/Either.js";
import { failure } from "../../src/diagnostic/failure.js";
import { render } from "../../src/diagnostic/render.js";
import { type Check, checkSpec } from "../../src/validate/check.js";

/** What the examples leave out. */
export const minimal = `pspc: 1
data: {root: data, train: train.txt, classes: [sky, road, car]}
train: {iterations: 1000, crop: 89}
`;

export interface Files {
  readonly [name: string]: string;
}

export const check = (
  files: Files,
  variant?: string,
  overrides: readonly string[] = [],
): Check =>
  checkSpec({
    entry: "spec.yaml",
    variant,
    overrides,
    cwd: "/project",
    computesBf16: () => false,
    read: (path) =>
      Object.hasOwn(files, path)
        ? E.right(files[path]!)
        : E.left(failure(`cannot read ${path}`, "no such file")),
  });

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
