/** A trained network as a page for browsers: the page that dist/ holds without one, with a GraphModel and its example inside. */

import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { invariant } from "../diagnostic/invariant.js";
import { compiled } from "../file/places.js";
import type { Format, FrozenNetwork } from "../target/format.js";
import { graphModel } from "../tensorflow/graph-model.js";

/** Where the network stands in it. */
const MARK = "<!-- network -->";

/** As scripts/setup/pages.mjs made it. */
const template = (): string => readFileSync(compiled("browser/page.html"), "utf8");

const packed = (id: string, bytes: Uint8Array): Buffer =>
  Buffer.from(
    `<script type="application/gzip" id="${id}">${gzipSync(bytes).toString("base64")}</script>\n`,
  );

/** As JSON in an element of its own; no text ends it. */
const told = (id: string, value: unknown): Buffer =>
  Buffer.from(
    `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll("<", "\\u003c")}</script>\n`,
  );

export const page: Format = {
  name: "page",
  ending: ".html",
  kind: "file",
  image: graphModel.image,
  precisions: graphModel.precisions,
  write: (network) =>
    pipe(
      graphModel.write(network),
      E.map((files) => new Map([["page.html", filled(network, files)]])),
    ),
};

const filled = (
  { about, presentation }: FrozenNetwork,
  files: ReadonlyMap<string, Uint8Array>,
): Uint8Array => {
  invariant(presentation !== undefined, "a page shows what it is, and an example");
  const { example, ...shown } = presentation;
  const { name, pixels, classes } = example;
  const model = files.get("model.json") ?? new Uint8Array();
  const weights = [...files].flatMap(([file, bytes]) => (file === "model.json" ? [] : [bytes]));
  const [before, after] = template().split(MARK);
  invariant(after !== undefined, "the page has a place for a network");
  return Buffer.concat([
    Buffer.from(before ?? ""),
    told("network", { record: about, ...shown, example: name }),
    packed("model", model),
    packed("weights", Buffer.concat(weights)),
    packed("pixels", pixels),
    packed("expected", new Uint8Array(classes.buffer, classes.byteOffset, classes.byteLength)),
    Buffer.from(after),
  ]);
};

/** The GraphModel that a page holds: its `model.json`, and its shards end to end. @throws Error where it holds none */
export const graphModelIn = (
  page: Buffer,
): { readonly model: Uint8Array; readonly weights: Uint8Array } => ({
  model: unpacked(page, "model"),
  weights: unpacked(page, "weights"),
});

const unpacked = (page: Buffer, id: string): Uint8Array => {
  const mark = `<script type="application/gzip" id="${id}">`;
  const at = page.indexOf(mark);
  if (at < 0) throw new Error(`the page holds no ${id}`);
  const start = at + mark.length;
  return gunzipSync(
    Buffer.from(page.toString("latin1", start, page.indexOf("<", start)), "base64"),
  );
};
