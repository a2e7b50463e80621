/** The language as a JSON Schema for editors, and as a reference for people. */

import type { JsonSchema } from "./codec.js";
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

export const reference = (): string =>
  `# The language, key by key

Made from the compiler's codecs; a test keeps it in step. Keys in **bold** have no default.
A file may leave out what its parent (\`extends\`) says. \`pspc show SPEC\` prints every value with its origin.
Choices on which implementations disagree take their default from \`semantics\`.

${section("A spec", spec.schema).join("\n")}`;

/** The map's table, then the tables of the maps in it. */
const section = (title: string, schema: JsonSchema): readonly string[] => {
  const fields = Object.entries(record(schema.properties));
  const required = Array.isArray(schema.required) ? schema.required : [];
  const rows = fields.map(([key, field]) => {
    const name = required.includes(key) ? `**\`${key}\`**` : `\`${key}\``;
    return `| ${name} | ${inWords(field)} | ${cell(field.description)} |`;
  });
  const below = fields.flatMap(([key, field]) =>
    maps(field).flatMap((map) => section(path(title, key), map)),
  );
  return [
    `## ${title}`,
    "",
    "| key | value | meaning |",
    "| --- | --- | --- |",
    ...rows,
    "",
    ...below,
  ];
};

const path = (title: string, key: string): string =>
  title.startsWith("`") ? `\`${title.slice(1, -1)}.${key}\`` : `\`${key}\``;

const schemas = (value: unknown): readonly JsonSchema[] =>
  Array.isArray(value) ? value.filter(isSchema) : [];

const record = (value: unknown): Readonly<Record<string, JsonSchema>> =>
  isSchema(value)
    ? Object.fromEntries(
        Object.entries(value).filter((e): e is [string, JsonSchema] => isSchema(e[1])),
      )
    : {};

/** The maps that a value may be, in lists too; a choice `{name: value}` is one key of its owner. */
const maps = (schema: JsonSchema): readonly JsonSchema[] => {
  if (isSchema(schema.items)) return maps(schema.items);
  if (schema.anyOf !== undefined) return joined(schemas(schema.anyOf).flatMap(maps));
  return isSchema(schema.properties) ? [schema] : [];
};

/** Alternatives of one key each make one table. */
const joined = (alternatives: readonly JsonSchema[]): readonly JsonSchema[] => {
  const tags = alternatives.filter((a) => Object.keys(record(a.properties)).length === 1);
  if (tags.length < 2) return alternatives;
  const properties = Object.assign({}, ...tags.map((a) => a.properties)) as JsonSchema;
  return [{ properties }, ...alternatives.filter((a) => !tags.includes(a))];
};

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

const cell = (description: unknown): string => String(description ?? "").replaceAll("|", "\\|");
