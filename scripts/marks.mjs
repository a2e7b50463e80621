// @ts-check
/** A page and what stands between its marks now enter; the page with what shall stand there leaves. */

/**
 * `<!-- KIND: NAME -->`, a line or more, `<!-- end -->`.
 * @param {string} page @param {string} kind
 * @param {(name: string, old: string) => string} fill lines without the last end of line
 */
export const refill = (page, kind, fill) =>
  page.replace(
    new RegExp(`(<!-- ${kind}: (\\w+) -->\\n)([\\s\\S]*?)\\n(?=<!-- end -->)`, "g"),
    (_, mark, name, old) => `${mark}${fill(name, old)}\n`,
  );
