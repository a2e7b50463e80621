/** Codec of an amount of memory: `6GiB`, `500MB`, or a number of bytes. */

import { oneOf } from "./one-of.js";
import { integer, text } from "./scalar.js";

const pattern = /^(\d+(?:\.\d+)?) ?([kMGT]?)(i?)B?$/;

export const bytes = oneOf(
  integer({ min: 1 }),
  text("an amount of memory such as `6GiB`, or bytes", pattern),
);

/** Powers of 1,024 with an i, of 1,000 without; NaN where the text is no amount. */
export const bytesIn = (amount: string | number): number => {
  if (typeof amount === "number") return amount;
  const [, digits = "NaN", prefix = "", binary] = pattern.exec(amount) ?? [];
  const power = ["", "k", "M", "G", "T"].indexOf(prefix);
  return Math.round(Number(digits) * (binary === "i" ? 1024 : 1000) ** power);
};
