/** Changes that an editor offers: the fixes of diagnostics, and the canonical order of keys. */

import type { Edit, Fix, Span } from "../diagnostic/diagnostic.js";
import { format } from "../language/format.js";
import type { Range } from "./cursor.js";
import type { Document } from "./document.js";

export interface PlacedEdit {
  readonly at: Span;
  readonly text: string;
}

export interface Action {
  readonly title: string;
  readonly code: string;
  readonly safe: boolean;
  /** Of the diagnostic that it removes. */
  readonly at: Span;
  readonly edits: readonly PlacedEdit[];
}

/** The fixes of what stands in a range of the document. */
export const actionsIn = ({ name, check }: Document, range: Range): readonly Action[] =>
  check.diagnostics.flatMap(({ code, primary: { at }, fixes }) => {
    const isHere =
      at !== undefined && at.file === name && at.start <= range.end && range.start <= at.end;
    return isHere ? fixes.map((fix) => ({ ...action(fix), code, at })) : [];
  });

const action = ({ title, safe, edits }: Fix) => ({
  title,
  safe,
  edits: edits.flatMap(placed),
});

const placed = ({ at, text }: Edit): readonly PlacedEdit[] =>
  at === undefined ? [] : [{ at, text }];

/** Every safe fix whose edits lie in the document itself; of those that would change one place, the first. */
export const safeActions = ({
  name,
  check,
}: Pick<Document, "name" | "check">): readonly Action[] => {
  const chosen: Action[] = [];
  for (const { code, primary, fixes } of check.diagnostics)
    for (const each of fixes.filter(({ safe }) => safe).map(action)) {
      const isOpen = each.edits.every(
        ({ at }) =>
          at.file === name &&
          !chosen.some(({ edits }) => edits.some((other) => overlap(other.at, at))),
      );
      if (primary.at !== undefined && isOpen) chosen.push({ ...each, code, at: primary.at });
    }
  return chosen;
};

const overlap = (a: Range, b: Range): boolean => a.start <= b.end && b.start <= a.end;

/** A text with edits made; they do not overlap. */
export const edited = (text: string, edits: readonly PlacedEdit[]): string =>
  edits
    .toSorted((a, b) => b.at.start - a.at.start)
    .reduce((now, { at, text: by }) => now.slice(0, at.start) + by + now.slice(at.end), text);

/** What puts the keys of the document into canonical order: one edit; nothing where they are. */
export const formattingOf = ({ name, text }: Document): PlacedEdit | undefined => {
  const better = format(text);
  if (better === text) return undefined;
  const start = shared(text, better, (line, i) => line[i]);
  const most = Math.min(text.length, better.length) - start;
  const behind = shared(text, better, (line, i) => line.at(-1 - i), most);
  return {
    at: { file: name, start, end: text.length - behind },
    text: better.slice(start, better.length - behind),
  };
};

/** How many characters two texts have in common, from the beginning or from the end. */
const shared = (
  a: string,
  b: string,
  character: (text: string, i: number) => string | undefined,
  most = Math.min(a.length, b.length),
): number => {
  let n = 0;
  while (n < most && character(a, n) === character(b, n)) n++;
  return n;
};
