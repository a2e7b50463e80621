/** HTML as a template: text that users wrote is escaped, HTML passes as it is. */

/** Text that is HTML. Only this file makes some of text that was not. */
export interface Html {
  readonly html: string;
}

type Part = Html | string | number | null | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** For text and for quoted attributes. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? character);

/** Strings and numbers are escaped, lists are joined, `null` is nothing. Attributes must be quoted. */
export const html = (literal: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: String.raw({ raw: literal }, ...parts.map(render)),
});

const render = (part: Part): string => {
  if (part === null) return "";
  if (typeof part === "string" || typeof part === "number") return escaped(`${part}`);
  return "html" in part ? part.html : part.map(render).join("");
};

/** Vouches that a text is HTML: for what this program wrote itself. */
export const trusted = (text: string): Html => ({ html: text });

export const nothing: Html = trusted("");
