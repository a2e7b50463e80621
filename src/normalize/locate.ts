/** A diagnostic that speaks in paths enters; it leaves with the places of the text, and with what was never written as notes. */

import type { Diagnostic, Path, Place } from "../diagnostic/diagnostic.js";
import { formatPath } from "../diagnostic/path.js";
import { find, type Tree } from "../source/tree.js";
import type { Origin, Origins } from "./origin.js";

/**
 * The main place is the first of its places that the author wrote: a default cannot be pointed at, and the
 * remedy stands where something was written. What was not written becomes a note that says where it is from.
 */
export const locate =
  (tree: Tree, origins: Origins) =>
  (d: Diagnostic): Diagnostic => {
    const places = [d.primary, ...d.related].map((place) => placed(place, tree));
    const chosen = places.find((p) => p.exact) ?? places[0]!;
    const unwritten = places.filter((p) => !p.exact && p !== chosen).map((p) => p.place);
    const related = places.filter((p) => p.exact && p !== chosen).map((p) => p.place);
    const told = chosen.exact ? unwritten : [chosen.place, ...unwritten];
    const primary = chosen.exact ? chosen.place : { ...chosen.place, label: "" };
    const notes = [
      ...told.filter((p) => p.label !== "").map((p) => asNote(p, origins)),
      ...d.notes,
    ];
    return { ...d, primary, related, notes };
  };

interface Placed {
  readonly place: Place;
  readonly exact: boolean;
}

const placed = (place: Place, tree: Tree): Placed => {
  if (place.at !== undefined) return { place, exact: true };
  const { span, exact } = find(tree, place.path, place.on);
  return { place: { ...place, at: span }, exact };
};

const asNote = ({ path, label }: Place, origins: Origins): string => {
  const origin = originOf(path, origins);
  const from = origin && origin.kind !== "written" ? ` (${describeOrigin(origin)})` : "";
  return `\`${formatPath(path)}\`: ${label}${from}`;
};

/** Of the path, or of what it is a part of. */
const originOf = (path: Path, origins: Origins): Origin | undefined =>
  path
    .map((_, i) => origins.get(formatPath(path.slice(0, path.length - i)))?.origin)
    .find((origin) => origin !== undefined);

export const describeOrigin = (origin: Exclude<Origin, { kind: "written" }>): string => {
  if (origin.kind === "preset") return `semantics: ${origin.name}`;
  return origin.kind === "default" ? `default: ${origin.source}` : `from: ${origin.source}`;
};
