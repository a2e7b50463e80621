/** A pattern as shells have them enters, `*`, `**`, `?`, `[ab]`, `{a,b}`; an expression that the paths it means fit leaves. */

/** Of paths with `/`, relative to the folder that the pattern is relative to. */
export const patternExpression = (pattern: string): RegExp =>
  new RegExp(`^(?:${alternatives(pattern).map(translated).join("|")})$`, "s");

/** Braces with a comma are written out, the inner ones first; others are letters. */
const alternatives = (pattern: string): readonly string[] => {
  const found = /^(.*)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(pattern);
  if (found === null) return [pattern];
  const [, before, choices, after] = found;
  return choices!.split(",").flatMap((choice) => alternatives(`${before}${choice}${after}`));
};

const translated = (pattern: string): string =>
  pattern.replaceAll(/\*\*\/|\*\*|[*?]|\[[!^]?\]?[^\]/]*\]|[\\^$.|+(){}[\]]/g, (found) =>
    found.length > 1 && found.startsWith("[") ? oneOf(found) : (words[found] ?? `\\${found}`),
  );

const words: Readonly<Record<string, string>> = {
  "**/": "(?:[^/]+/)*",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
};

/** `[a-c]`, and without: `[!a-c]`. A range that runs backwards holds nothing. */
const oneOf = (found: string): string => {
  const [, not, letters] = /^\[([!^]?)(.*)\]$/s.exec(found)!;
  const ranges = letters!.replaceAll(/(.)-(.)|[\\\]^[-]/gs, (part, from?: string, to?: string) =>
    from === undefined || to === undefined
      ? `\\${part}`
      : from <= to
        ? `${literal(from)}-${literal(to)}`
        : "",
  );
  return `(?!/)[${not === "" ? "" : "^"}${ranges}]`;
};

const literal = (letter: string): string => letter.replace(/[\\\]^[-]/, "\\$&");
