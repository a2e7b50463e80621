/** What an editor shows beside a spec's own text: costs and defaults, commands above lines, and what can be folded. */

import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import { type Check, checkStill } from "../compile.js";
import type { Path } from "../diagnostic/diagnostic.js";
import { differences } from "../normalize/difference.js";
import type { Experiment } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import { differenceText, sideOf } from "../report/difference.js";
import { printable } from "../report/format.js";
import { plan } from "../report/plan.js";
import { planText } from "../report/plan-text.js";
import { fitting } from "../report/weights.js";
import { flow } from "../source/flow.js";
import { lower } from "../tensorflow/target.js";
import { type Costs, costsInWords } from "./consequences.js";
import { type Range, type Word, wordsIn } from "./cursor.js";
import type { Document, EditorWorld } from "./document.js";
import { type Outline, outlineOf } from "./symbols.js";

/** A text behind a line. */
export interface Hint {
  readonly at: number;
  readonly text: string;
  readonly tooltip: string;
}

const WIDEST = 100;

const hint = (at: number, text: string, tooltip: string): Hint => ({
  at,
  text: text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text,
  tooltip,
});

/** Behind the first key of a spec without mistakes; nothing while its costs are not known. */
export const costHint = (
  { text, check }: Document,
  costs: (experiment: Experiment) => Costs | undefined,
): Hint | undefined => {
  const [first] = wordsIn(text);
  if (first === undefined || E.isLeft(check.result)) return undefined;
  const found = costs(check.result.right.experiment);
  const told =
    "Parameters and MACs in use, of one image of the crop; memory of training, as `pspc plan` estimates it for a CPU.";
  return found && hint(endOfLine(text, first.end), costsInWords(found), told);
};

/** Behind each map that is written what it leaves to defaults. */
export const defaultHints = ({ text, look }: Document): readonly Hint[] => {
  const rows = [...(look?.origins.values() ?? [])].filter(
    ({ origin, value }) => origin.kind !== "written" && value !== null,
  );
  const maps = wordsIn(text).filter((word, _, all) => isMap(word, all));
  return maps.flatMap(({ path, end }) => {
    const own = rows.filter((row) => row.path.length === path.length + 1 && begins(row.path, path));
    const told = own.map((row) => `${row.path.at(-1)}: ${flow(row.value)}`).join(", ");
    return own.length === 0 ? [] : [hint(endOfLine(text, end), told, told)];
  });
};

const isMap = ({ on, path }: Word, all: readonly Word[]): boolean =>
  on === "key" &&
  path[0] !== "variants" &&
  all.some(
    (other) =>
      other.on === "key" && other.path.length === path.length + 1 && begins(other.path, path),
  );

const begins = (path: Path, start: Path): boolean => start.every((step, i) => step === path[i]);

const endOfLine = (text: string, from: number): number => {
  const end = text.indexOf("\n", from);
  const line = text.slice(from, end < 0 ? text.length : end);
  return from + line.replace(/\s*(#.*)?$/, "").length;
};

/** Something to do with the spec or a variant, offered above its line. */
export interface Lens {
  readonly at: Range;
  readonly kind: "plan" | "compare";
  readonly title: string;
  readonly variant: string | null;
}

export const lensesOf = ({ text }: Document): readonly Lens[] => {
  const outline = outlineOf(text);
  const [top] = outline;
  if (top === undefined) return [];
  const isChild = outline.some(({ name }) => name === "extends");
  const own = { at: top.key, variant: null };
  const variants = outline.filter(({ name }) => name === "variants").flatMap(({ below }) => below);
  return [
    { ...own, kind: "plan", title: "plan" },
    ...(isChild ? [{ ...own, kind: "compare", title: "compare with parent" } as const] : []),
    ...variants.flatMap((variant) => ofVariant(variant)),
  ];
};

/** A matrix is many variants, each with a name of its own. */
const ofVariant = ({ key, name, below }: Outline): readonly Lens[] => {
  if (below.some((each) => each.name === "matrix")) return [];
  const own = { at: key, variant: name };
  return [
    { ...own, kind: "plan", title: "plan" },
    { ...own, kind: "compare", title: "compare with the spec" },
  ];
};

/** Whatever stands below a key on further lines. */
export const foldsOf = (text: string): readonly Range[] => {
  const all = (outlines: readonly Outline[]): readonly Outline[] =>
    outlines.flatMap((each) => [each, ...all(each.below)]);
  return all(outlineOf(text))
    .map(({ range }) => range)
    .filter(({ start, end }) => text.slice(start, end).includes("\n"));
};

/** What `pspc plan` and `pspc show --diff` print, of the text as it stands; or why there is nothing to print. */
export const answerTo = (
  world: EditorWorld,
  { name, text, check }: Document,
  { kind, variant }: Pick<Lens, "kind" | "variant">,
): E.Either<string, string> => {
  const read: EditorWorld["read"] = (path, by) =>
    path === name ? E.right(text) : world.read(path, by);
  const versionOf = (entry: string, of: string | null): E.Either<string, Opened> =>
    opened(checkStill({ ...world, read })({ entry, variant: of ?? undefined }), entry, of, world);
  const own = versionOf(name, variant);
  if (kind === "plan") return E.map(planned)(own);
  const [, parent] = check.sources.keys();
  const other = variant === null ? parent : name;
  if (other === undefined) return E.left("the spec has no parent");
  return pipe(
    versionOf(other, null),
    E.flatMap((base) => E.map((changed: Opened) => compared(base, changed))(own)),
  );
};

/** A version of a spec without mistakes. */
interface Opened {
  readonly name: string;
  readonly resolved: Resolved;
  readonly variants: readonly string[];
  readonly images: number | null;
}

const opened = (
  { result, variants }: Check,
  entry: string,
  variant: string | null,
  { samples }: EditorWorld,
): E.Either<string, Opened> => {
  const name = `${entry.slice(entry.lastIndexOf("/") + 1)}${variant === null ? "" : `#${variant}`}`;
  if (E.isLeft(result)) return E.left(`${name} has mistakes, and no plan until they are gone`);
  const resolved = result.right;
  const images = samples?.(resolved.experiment.data) ?? null;
  return E.right({ name, resolved, variants, images });
};

const planned = ({ resolved: { experiment }, variants, images }: Opened): string => {
  const { training, recompute, fingerprint } = lower(experiment);
  const request = { experiment, training, recompute, variants, images };
  const made = plan({ ...request, fingerprint: fingerprint.program });
  return printable(planText(made, { everyLayer: false }), false);
};

const compared = (base: Opened, changed: Opened): string => {
  const side = ({ name, resolved }: Opened) => sideOf(name, resolved.experiment);
  const [left, right] = [side(base), side(changed)];
  const weights = fitting(left.training, right.training);
  const found = differences(base.resolved, changed.resolved);
  return printable(differenceText(found, [left, right], weights), false);
};
