/** What a training may do about memory: make values again, or keep to a budget (`6GiB`, `500MB`, bytes). */

import { documented } from "./codec.js";
import { oneOf } from "./one-of.js";
import { choice, integer, text } from "./scalar.js";
import { tagged } from "./tagged.js";

const pattern = /^(\d+(?:\.\d+)?) ?([kMGT]?)(i?)B?$/;

const bytes = oneOf(
  integer({ min: 1 }),
  text("an amount of memory such as `6GiB`, or bytes", pattern),
);

export const memory = tagged("way to save memory", {
  recompute: documented(
    choice("blocks", "stages"),
    "Makes every residual block again in the backward pass, one at a time, or every stage.",
  ),
  budget: documented(
    bytes,
    "What the training may need, as `6GiB`: makes again as little as that takes.",
  ),
});

/** Powers of 1,024 with an i, of 1,000 without; NaN where the text is no amount. */
export const bytesIn = (amount: string | number): number => {
  if (typeof amount === "number") return amount;
  const [, digits = "NaN", prefix = "", binary] = pattern.exec(amount) ?? [];
  const power = ["", "k", "M", "G", "T"].indexOf(prefix);
  return Math.round(Number(digits) * (binary === "i" ? 1024 : 1000) ** power);
};
