/** For tests of an editor: a spec with the cursor in it, `|`, among files by name. */

import * as E from "fp-ts/lib/Either.js";
import { failure } from "../../src/diagnostic/failure.js";
import { type Document, documentOf, type EditorWorld } from "../../src/editor/document.js";
import { minimal } from "../golden/front.js";

const files: Readonly<Record<string, string>> = {
  "/project/minimal.yaml": minimal,
  "/project/labels.yaml": `pspc: 1
data:
  root: data
  train: train.txt
  classes: [sky, road]
  labels: {7: road, 8: sky}
train: {iterations: 10}
variants:
  fcn: {model.pyramid: none}
`,
};

export const world: EditorWorld = {
  cwd: "/project",
  read: (path) =>
    E.fromNullable(failure(`cannot read ${path}`, "no such file"))(
      Object.hasOwn(files, path) ? files[path] : undefined,
    ),
  names: (folder) =>
    folder === "/project/" ? ["minimal.yaml", "labels.yaml", "base/", ".git/"] : [],
};

export interface Typed {
  readonly document: Document;
  readonly offset: number;
}

/** `|` is where the cursor stands. */
export const typed = (text: string, before?: Document): Typed => {
  const offset = text.indexOf("|");
  const name = "/project/spec.yaml";
  return { document: documentOf(world, name, text.replace("|", ""), before), offset };
};

export const child = (text: string, before?: Document): Typed =>
  typed(`extends: minimal.yaml\n${text}`, before);
