/** A JSON Schema and a value enter; whether the value conforms leaves. The words of draft-07 that the language uses. */

import type { JsonSchema } from "../../src/language/codec.js";

type Test = (word: unknown, value: unknown, schema: JsonSchema) => boolean;

const isMap = (v: unknown): v is Record<string, unknown> =>
  typeof v === "object" && v !== null && !Array.isArray(v);

const types: Readonly<Record<string, (v: unknown) => boolean>> = {
  string: (v) => typeof v === "string",
  number: (v) => typeof v === "number",
  integer: (v) => Number.isInteger(v),
  boolean: (v) => typeof v === "boolean",
  array: (v) => Array.isArray(v),
  object: isMap,
  null: (v) => v === null,
};

const numeric =
  (holds: (value: number, bound: number) => boolean): Test =>
  (bound, v) =>
    typeof v !== "number" || holds(v, Number(bound));

const keysOf = (schema: JsonSchema, word: string): Record<string, JsonSchema> =>
  (schema[word] ?? {}) as Record<string, JsonSchema>;

const isKnown = (key: string, schema: JsonSchema): boolean =>
  Object.hasOwn(keysOf(schema, "properties"), key) ||
  Object.keys(keysOf(schema, "patternProperties")).some((p) => new RegExp(p).test(key));

const words: Readonly<Record<string, Test>> = {
  type: (type, v) => types[String(type)]!(v),
  enum: (choices, v) => (choices as readonly unknown[]).includes(v),
  anyOf: (schemas, v) => (schemas as readonly JsonSchema[]).some((s) => conforms(s, v)),
  minimum: numeric((v, bound) => v >= bound),
  maximum: numeric((v, bound) => v <= bound),
  exclusiveMinimum: numeric((v, bound) => v > bound),
  exclusiveMaximum: numeric((v, bound) => v < bound),
  minLength: (bound, v) => typeof v !== "string" || v.length >= Number(bound),
  pattern: (pattern, v) => typeof v !== "string" || new RegExp(String(pattern)).test(v),
  minItems: (bound, v) => !Array.isArray(v) || v.length >= Number(bound),
  maxItems: (bound, v) => !Array.isArray(v) || v.length <= Number(bound),
  items: (items, v) => !Array.isArray(v) || v.every((x) => conforms(items as JsonSchema, x)),
  required: (keys, v) => !isMap(v) || (keys as readonly string[]).every((k) => Object.hasOwn(v, k)),
  properties: (fields, v) =>
    !isMap(v) ||
    Object.entries(fields as Record<string, JsonSchema>).every(
      ([k, s]) => !Object.hasOwn(v, k) || conforms(s, v[k]),
    ),
  patternProperties: (patterns, v) =>
    !isMap(v) ||
    Object.entries(patterns as Record<string, JsonSchema>).every(([p, s]) =>
      Object.keys(v).every((k) => !new RegExp(p).test(k) || conforms(s, v[k])),
    ),
  additionalProperties: (_, v, schema) =>
    !isMap(v) || Object.keys(v).every((k) => isKnown(k, schema)),
  if: (condition, v, schema) =>
    conforms(condition as JsonSchema, v) || conforms((schema.else ?? {}) as JsonSchema, v),
  else: () => true,
  description: () => true,
  title: () => true,
  default: () => true,
  $schema: () => true,
  definitions: () => true,
};

/** With what it refers to in place. */
const resolved = (schema: JsonSchema): JsonSchema => {
  if (schema.definitions === undefined) return schema;
  const named = keysOf(schema, "definitions");
  return JSON.parse(
    JSON.stringify(schema, (_, value) => {
      const [, name] = /^#\/definitions\/(\w+)$/.exec(value?.$ref ?? "") ?? [];
      return name === undefined ? value : named[name];
    }),
  );
};

export const conforms = (schema: JsonSchema, value: unknown): boolean =>
  Object.entries(resolved(schema)).every(([word, meaning]) => words[word]!(meaning, value, schema));
