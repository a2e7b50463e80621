/** Where each value of an experiment came from: printed by `show`, and in errors of what nobody wrote. */

import {
  type Diagnostic,
  formatPath,
  type Path,
  type Place,
  type Span,
} from "../diagnostic/diagnostic.js";
import type { Sources } from "../diagnostic/text.js";
import type { Origin, Row } from "../language/scope.js";
import { at, find, type Tree } from "../source/tree.js";
import { placedFixes } from "./fix.js";

/** By path in the language's spelling, `train.augment[0].scale.range`; in the order of a spec. */
export type Origins = ReadonlyMap<string, Row>;

/**
 * The main place is the first of its places that the author wrote: a default cannot be pointed at, and the
 * remedy stands where something was written. What was not written becomes a note that says where it is from.
 */
export const locate =
  (tree: Tree, origins: Origins, sources: Sources) =>
  (d: Diagnostic): Diagnostic => {
    const first = placed(d.primary, tree, origins);
    const places = [first, ...d.related.map((place) => placed(place, tree, origins))];
    const chosen = places.find((p) => p.exact) ?? first;
    const unwritten = places.filter((p) => !p.exact && p !== chosen).map((p) => p.place);
    const related = places.filter((p) => p.exact && p !== chosen).map((p) => p.place);
    const told = chosen.exact ? unwritten : [chosen.place, ...unwritten];
    const primary = chosen.exact ? chosen.place : { ...chosen.place, label: "" };
    const notes = [
      ...told.filter((p) => p.label !== "").map((p) => asNote(p, origins)),
      ...d.notes,
    ];
    const located = { ...d, primary, related, notes };
    return { ...located, fixes: placedFixes(tree, sources)(located) };
  };

interface Placed {
  readonly place: Place;
  readonly exact: boolean;
}

const placed = (place: Place, tree: Tree, origins: Origins): Placed => {
  if (place.at !== undefined) return { place, exact: true };
  const { span, exact } = find(tree, place.path, place.on);
  const origin = exact ? undefined : origins.get(formatPath(place.path))?.origin;
  // A value that stands for a whole map is where the key that it gives is written.
  if (origin?.kind === "written") return { place: { ...place, at: origin.span }, exact: true };
  return { place: { ...place, at: span }, exact };
};

const asNote = ({ path, label }: Place, origins: Origins): string => {
  const origin = originOf(path, origins);
  const from = origin && origin.kind !== "written" ? ` (${describeOrigin(origin)})` : "";
  return `\`${formatPath(path)}\`: ${label}${from}`;
};

/** Where a value was written: itself, the value that abbreviates it, or the key of the map around it. */
export const writtenAt = (tree: Tree, path: Path): Span => {
  const { span, exact } = find(tree, path);
  if (exact) return span;
  const around = path.map((_, i) => at(tree, path.slice(0, path.length - 1 - i)));
  const nearest = around.find((part) => part !== undefined);
  return nearest === undefined || nearest.kind === "map" ? span : nearest.span;
};

/** Of the path, of the first value in it, or of what it is a part of. */
const originOf = (path: Path, origins: Origins): Origin | undefined => {
  const name = formatPath(path);
  const inside = [...origins.keys()].find(
    (key) => key.startsWith(`${name}.`) || key.startsWith(`${name}[`),
  );
  const around = path.map((_, i) => formatPath(path.slice(0, path.length - i)));
  return [name, inside ?? name, ...around]
    .map((key) => origins.get(key)?.origin)
    .find((origin) => origin !== undefined);
};

export const describeOrigin = (origin: Exclude<Origin, { kind: "written" }>): string => {
  if (origin.kind === "preset") return `semantics: ${origin.name}`;
  return origin.kind === "default" ? `default: ${origin.source}` : `from: ${origin.source}`;
};
