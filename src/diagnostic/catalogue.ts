/** The catalogue of codes: what each mistake is called. `docs/errors/` has a page for each. */

import { didYouMean } from "./nearest.js";

export const catalogue: Readonly<Record<string, string>> = {
  E0101: "the spec cannot be read",
  E0102: "the text is not YAML",
  E0103: "a tab indents a line",
  E0104: "a key is written twice",
  E0105: "aliases contain themselves or grow without measure",
  E0106: "a file holds more than one document",
  E0107: "the spec is empty",
  E0108: "the spec is too large or nested too deeply",
  E0109: "a key is not a word",
  E0110: "a YAML tag",
  E0111: "an alias without an anchor",
  E0112: "an override is not `path=value`",
  E0201: "an unknown key",
  E0202: "a missing key",
  E0203: "a value of the wrong type",
  E0204: "not one of the choices",
  E0205: "a number out of range",
  E0206: "an unknown augmentation, optimizer, schedule or stem",
  E0207: "a named thing without its name or value",
  E0208: "a list of the wrong length",
  E0209: "empty text",
  E0210: "text of the wrong form",
  E0211: "a key of the wrong form",
  E0301: "a parent cannot be read",
  E0302: "a spec is among its own parents",
  E0303: "an unknown variant",
  E0304: "a matrix where one variant is meant",
  E0305: "a path that leads into a value",
  E0306: "a change of what cannot change",
  E0307: "an axis of a matrix is not a list",
  E0308: "an empty matrix",
  E0309: "a matrix that explodes",
  E0310: "two variants of one name",
  E0311: "an unknown class",
  E0312: "an ignored value that is a class",
  E0313: "a window that never slides",
  E0314: "label values beyond a byte",
  E0501: "a crop off the grid",
  E0502: "bins that do not divide the feature map",
  E0503: "a bin larger than the feature map",
  E0504: "a reduction that leaves no channel",
  E0505: "batch normalisation over one value",
  E0506: "an auxiliary head of weight 0",
  E0507: "basic blocks with the stride on a 1×1",
  E0508: "half of an odd dilation",
  E0509: "a reversed range",
  E0510: "an augmentation twice",
  E0511: "a window off the grid",
  E0512: "a window too small for a bin",
  E0513: "a window larger than the crop",
  E0514: "an overlap that leaves no step",
  E0515: "class weights that do not fit the classes",
  E0516: "class weights that are all 0",
  E0517: "two classes of one name",
  E0518: "a class called `ignore`",
  E0519: "a class without a label value",
  E0520: "a bin twice",
  E0521: "a rate that rises",
  E0522: "a precision without hardware for it",
  E0534: "initial weights named twice",
};

/** Where the page of a code stands, from the package's root; nothing for a code that does not exist. */
export const pageOf = (code: string): string | undefined =>
  Object.hasOwn(catalogue, code.toUpperCase()) ? `docs/errors/${code.toUpperCase()}.md` : undefined;

/** Help for a code that does not exist. */
export const codesLike = (code: string): readonly string[] =>
  didYouMean(code.toUpperCase(), Object.keys(catalogue));
