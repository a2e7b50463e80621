/** Which pairs of the training split are held out of it for validation and test; each pair's name alone decides. */

import { createHash } from "node:crypto";
import { relative, sep } from "node:path";
import { type Data, isShare, type Share } from "../normalize/experiment.js";
import type { Sample } from "./sample.js";
import { composed } from "./walk.js";

type Part = "train" | "val" | "test";

/** The shares of a data section; a split that is named stands for itself. */
export interface Shares {
  readonly val: Share | null;
  readonly test: Share | null;
}

export const sharesOf = ({ val, test }: Pick<Data, "val" | "test">): Shares => ({
  val: val !== null && isShare(val) ? val : null,
  test: test !== null && isShare(test) ? test : null,
});

/** What a pair is called: its image's path within the folder of images, without the format. */
export const nameOf = ({ image }: Sample, folder: string): string =>
  composed(relative(folder, image).split(sep).join("/")).replace(/\.\w+$/, "");

/**
 * Where a pair of this name belongs. The validation split is cut from the low end of the hashes and the test split from
 * the high end, so that neither moves the other; pairs that are added move none that are there.
 */
export const partOf = ({ val, test }: Shares): ((name: string) => Part) => {
  const [ofVal, ofTest] = [placing(val), placing(test)];
  return (name) => {
    if (val !== null && ofVal(name) < val.share) return "val";
    return test !== null && ofTest(name) >= 1 - test.share ? "test" : "train";
  };
};

/** From a name to a number of [0, 1), the same for all names that are kept together. */
const placing = (share: Share | null): ((name: string) => number) => {
  const { seed, together } = share ?? { seed: 0, together: null };
  const key = together === null ? (name: string) => name : keptTogether(new RegExp(together, "u"));
  return (name) => {
    const digest = createHash("sha256")
      .update(`${seed} ${key(name)}`)
      .digest();
    return digest.readUIntBE(0, 6) / 2 ** 48;
  };
};

/** The text that pairs share: of the first group, of the whole match without one, or the name where nothing matches. */
const keptTogether =
  (pattern: RegExp) =>
  (name: string): string => {
    const found = pattern.exec(name);
    return found === null ? name : (found[1] ?? found[0]);
  };

/** The pattern of a share that matches none of the names, if there is one: then it keeps nothing together. */
export const idlePattern = (shares: Shares, names: readonly string[]): string | null => {
  const patterns = [shares.val?.together, shares.test?.together].filter(
    (p) => typeof p === "string",
  );
  const idle = patterns.find(
    (pattern) => !names.some((name) => new RegExp(pattern, "u").test(name)),
  );
  return idle ?? null;
};
