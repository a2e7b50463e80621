/** The language leaves as a JSON Schema, draft-07, for editors and other tools. */

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
