/** A fit of weights and a network enters; what fits, what does not and why leaves, as text. */

import pc from "picocolors";
import { spelling } from "../weights/check.js";
import type { Misfit } from "../weights/errors.js";
import type { Fit } from "../weights/fit.js";
import { count } from "./number.js";

export const importText = (fit: Fit, wrong: readonly Misfit[], colour: boolean): string => {
  const { green, red, yellow } = pc.createColors(colour);
  const { fits, missing, misshapen, aside } = fit;
  const wanted = fits.length + missing.length + misshapen.length;
  const numbers = fits.reduce(
    (sum, { variable }) => sum + variable.shape.reduce((a, b) => a * b, 1),
    0,
  );
  const head = `${fit.header.file}: ${spelling(fit)}`;
  const paint = fits.length === wanted ? green : red;
  const what = fit.only === "all" ? "the network" : "the backbone";
  return [
    head,
    paint(`${fits.length} of ${wanted} tensors of ${what} fit (${count(numbers)} numbers)`),
    ...wrong.flatMap(({ severity, code, message, label, notes, help }) => [
      (severity === "error" ? red : yellow)(`${severity}[${code}]: ${message}`),
      `  ${label}`,
      ...notes.slice(1).map((note) => `  = note: ${note}`),
      ...help.map((remedy) => `  = help: ${remedy}`),
    ]),
    ...(aside.length === 0 ? [] : [`${aside.length} left aside: ${kinds(aside)}`]),
  ].join("\n");
};

/** Many names that end alike are told once. */
const kinds = (names: readonly string[]): string => {
  const ends = new Map<string, number>();
  for (const name of names) {
    const end = name.slice(name.lastIndexOf(".") + 1);
    const kind = end === "num_batches_tracked" ? end : name;
    ends.set(kind, (ends.get(kind) ?? 0) + 1);
  }
  const told = [...ends].map(([kind, n]) => (n === 1 ? kind : `${n} × ${kind}`));
  return told.slice(0, 6).join(", ") + (told.length > 6 ? ` and ${told.length - 6} more` : "");
};
