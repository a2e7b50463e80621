/** The language leaves as a reference for people: a heading a map, a row a key, made from the same codecs. */

import type { JsonSchema } from "./codec.js";
import { spec } from "./spec.js";

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

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

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
