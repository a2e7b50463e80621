/** Text enters; the number of columns that it takes in a terminal leaves. */

/** Scripts and signs that fill two columns (Unicode, UAX 11: wide and fullwidth), and emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6\p{Emoji_Presentation}]|\uFE0F/u;
const HALF = /^[\uFF61-\uFFDC]/u;
const NARROW = /^[\x20-\x7E]*$/;
/** Marks that join what stands before them, and characters without a form. */
const NOTHING = /^[\p{M}\p{Cf}]+$/u;

const signs = new Intl.Segmenter("en", { granularity: "grapheme" });

const columns = (sign: string): number => {
  if (NOTHING.test(sign)) return 0;
  return WIDE.test(sign) && !HALF.test(sign) ? 2 : 1;
};

export const width = (text: string): number =>
  NARROW.test(text)
    ? text.length
    : [...signs.segment(text)].reduce((sum, { segment }) => sum + columns(segment), 0);
