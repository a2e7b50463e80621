/** Writes a value as YAML in one line: `{deep: [64, 64, 128]}`. */

export const flow = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([k, v]) => `${word(k)}: ${flow(v)}`);
    return `{${entries.join(", ")}}`;
  }
  return typeof value === "string" ? word(value) : String(value);
};

/** Text that YAML would read as something else, or that holds its signs, is quoted. */
const word = (text: string): string => {
  const isPlain = /^[A-Za-z_][\w /.-]*$/.test(text) && !/^(true|false|null)$|\s$/i.test(text);
  return isPlain || /^\d+(\/\d+)?$/.test(text) ? text : JSON.stringify(text);
};
