/** What the declarations say of the language to people and editors: JSON Schema, reference, hover texts. */

import type { Path } from "../diagnostic/diagnostic.js";
import type { Described, JsonSchema } from "./codec.js";
import type { AnyKey, Unit } from "./key.js";
import { declarationAt } from "./path.js";
import { spec } from "./spec.js";

/**
 * A spec that extends another may leave out what its parent says, so that there are two: `whole`, which accepts
 * what the codec accepts, and `part`, in which nothing is required.
 */
export const jsonSchema = (): JsonSchema => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "pspc spec",
  description: "A PSPNet and its training.",
  // biome-ignore lint/suspicious/noThenProperty: `then` is a word of JSON Schema.
  ...{ if: { required: ["extends"] }, then: ref("part"), else: ref("whole") },
  definitions: { whole: spec.schema, part: withoutRequired(spec.schema) },
});

const ref = (name: string): JsonSchema => ({ $ref: `#/definitions/${name}` });

/** Named choices keep their name: `{scale: …}` is nothing without it. */
const withoutRequired = (schema: JsonSchema): JsonSchema => {
  const properties = schema.properties;
  if (!isSchema(properties)) return schema;
  const { required: _, if: _if, else: _else, ...rest } = schema;
  return { ...rest, properties: mapValues(properties, withoutRequired) };
};

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const mapValues = (map: JsonSchema, change: (schema: JsonSchema) => JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(map).map(([k, v]) => [k, isSchema(v) ? change(v) : v]));

/** The reference, docs/spec.md: a heading a map, a row a key. */
export const reference = (): string =>
  `# The language, key by key

Made from the declarations in src/language; a test keeps it in step. Keys in **bold** have no default.
A file may leave out what its parent (\`extends\`) says. \`pspc show SPEC\` prints every value with its origin.
Where implementations disagree, the default is \`semantics\`' choice: semseg's first, then those that differ.

${table("A spec", spec.keys).join("\n")}`;

/** The map's table, then the tables of the maps in it. */
const table = (title: string, keys: Described["keys"]): readonly string[] => {
  const rows = keys.map(([name, key]) => {
    const { values, unit, words, default: usual, source } = described(key);
    const shown = key.otherwise.need === "needed" ? `**\`${name}\`**` : `\`${name}\``;
    const value = unit === undefined ? values : `${values} (${unit})`;
    const origin = usual === "" || source === undefined ? usual : `${usual} (${source})`;
    return `| ${[shown, value, origin, words].map(cell).join(" | ")} |`;
  });
  const below = keys.flatMap(([name, { codec }]) =>
    codec.keys.length === 0 ? [] : table(nested(title, name), codec.keys),
  );
  return [
    `## ${title}`,
    "",
    "| key | value | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    ...below,
  ];
};

const nested = (title: string, name: string): string =>
  title.startsWith("`") ? `\`${title.slice(1, -1)}.${name}\`` : `\`${name}\``;

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** What a declaration says of its key, for people. */
export interface KeyInWords {
  readonly words: string;
  readonly unit: Unit | undefined;
  /** In YAML or in words; empty where the key is needed, or where the keys inside have defaults of their own. */
  readonly default: string;
  /** Where the default is from. */
  readonly source: string | undefined;
  /** What a value looks like: "whole number ≥ 1". */
  readonly values: string;
}

const described = ({ codec, words, unit, otherwise }: AnyKey): KeyInWords => ({
  words,
  unit,
  default: otherwise.words,
  source: otherwise.source,
  values: inWords(codec.schema),
});

/** For hover texts: of the key at a path of a spec, `["train", "augment", 2, "rotate", "border"]`. */
export const keyInWords = (path: Path): KeyInWords | undefined => {
  const declared = declarationAt(path);
  return declared && described(declared.key);
};

const schemas = (value: unknown): readonly JsonSchema[] =>
  Array.isArray(value) ? value.filter(isSchema) : [];

/** What a value looks like, in a few words. */
const inWords = (schema: JsonSchema): string => {
  if (schema.anyOf !== undefined) {
    return [...new Set(schemas(schema.anyOf).map(inWords))].join(" or ");
  }
  if (Array.isArray(schema.enum)) return schema.enum.map((v) => `\`${v}\``).join(" ");
  if (schema.type === "array") return listInWords(schema);
  if (schema.type === "object") return isSchema(schema.properties) ? "map" : "map with free keys";
  return `${names[String(schema.type)] ?? "any value"}${rangeInWords(schema)}`;
};

const names: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "`true` `false`",
};

const listInWords = ({ items, minItems, maxItems }: JsonSchema): string => {
  const count = minItems !== undefined && minItems === maxItems ? `${minItems} × ` : "list of ";
  return `${count}${isSchema(items) ? inWords(items) : "values"}`;
};

const rangeInWords = (s: JsonSchema): string =>
  [
    s.minimum === undefined ? "" : ` ≥ ${s.minimum}`,
    s.exclusiveMinimum === undefined ? "" : ` > ${s.exclusiveMinimum}`,
    s.maximum === undefined ? "" : ` ≤ ${s.maximum}`,
    s.exclusiveMaximum === undefined ? "" : ` < ${s.exclusiveMaximum}`,
  ].join("");
