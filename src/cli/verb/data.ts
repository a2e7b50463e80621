/** `data check`, `data stats`, `data browse`: a spec enters; what its files hold leaves. */

import { didYouMean } from "../../diagnostic/nearest.js";
import { exit, Misused } from "../exit.js";
import { print, tell } from "../terminal.js";
import type { Verb } from "../verb.js";

const actions: Readonly<Record<string, () => Promise<{ readonly run: Verb }>>> = {
  check: () => import("./data-check.js"),
  stats: () => import("./data-stats.js"),
  browse: () => import("./data-browse.js"),
};

const help = `data check SPEC    reads every pair of every split, and says which are wrong and how
data stats SPEC    sizes, pixels of each class, class weights for the spec
data browse SPEC   a page and a sheet of pictures, labels, and what training makes of them

\`pspc data check --help\` tells the arguments of an action.`;

export const run: Verb = async (terminal, [word, ...rest]) => {
  if (word === undefined) {
    tell(terminal, help);
    return exit.usage;
  }
  if (["--help", "-h"].includes(word)) {
    print(terminal, help);
    return exit.ok;
  }
  const action = Object.hasOwn(actions, word) ? actions[word] : undefined;
  if (action === undefined) {
    const near = didYouMean(word, Object.keys(actions))[0];
    throw new Misused(
      `there is no \`data ${word}\``,
      near ?? "data check, data stats, data browse",
    );
  }
  return (await action()).run(terminal, rest);
};
