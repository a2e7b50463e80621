// @ts-check
/** The commands that README and docs tell, for the test that reads them and for `npm run docs`, which runs them. */

import { readdirSync, readFileSync } from "node:fs";

/**
 * @typedef {object} Told
 * @property {string} page
 * @property {string} line as it stands there, without what is said of it behind `#`
 */

export const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs").flatMap((name) => (name.endsWith(".md") ? [`docs/${name}`] : [])),
];

/** Every line of a block for a shell, in the order of the pages. @returns {Told[]} */
export const blocks = () =>
  pages.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/^```(sh|console)\n([\s\S]*?)^```/gm)].flatMap(
      ([, kind, text = ""]) =>
        text
          .split("\n")
          .filter((line) => line.trim() !== "" && (kind === "sh" || line.startsWith("$ ")))
          .map((line) => ({ page, line: withoutRemark(line.replace(/^\$ /, "")) })),
    ),
  );

/** What stands in running text as a whole command: its words are shown, and not all of them real. @returns {Told[]} */
export const inText = () =>
  pages.flatMap((page) =>
    [...readFileSync(page, "utf8").matchAll(/`((?:npx )?pspc [a-z][^`]*)`/g)].map(
      ([, line = ""]) => ({
        page,
        line,
      }),
    ),
  );

/** @param {string} line */
const withoutRemark = (line) => line.replace(/\s+# .*$/, "");

/**
 * The words behind each `pspc` of a line for a shell.
 * @param {string} line @returns {string[][]}
 */
export const callsOf = (line) =>
  line
    .split(/\s(?:\||&&|>|<|;)\s/)
    .map(wordsOf)
    .flatMap((words) => {
      const at = words.indexOf("pspc");
      return at < 0 || words.slice(0, at).some((word) => !/^(npx|[A-Z_]+=.*)$/.test(word))
        ? []
        : [words.slice(at + 1)];
    });

/** Quotes are taken off, nothing is expanded. @param {string} text */
const wordsOf = (text) =>
  [...text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/['"]/g, ""));

/** Lines that are not run, each with the reason: a page's, a beginning of the line. @type {readonly [page: string, begins: string, why: string][]} */
export const notRun = [
  ["README.md", "npm ", "sets up, and tests, the clone itself"],
  [
    "README.md",
    "npx pspc check spec.yaml",
    "the file is the reader's; the README's first spec is checked by a test",
  ],
  ["README.md", "npx pspc setup", "sets up; `npm run installed` does it"],
  ["docs/ablation.md", "npm ", "trains 48 networks"],
  ["docs/data.md", "pspc eval runs/cityscapes", "needs Cityscapes, and data sets to score on"],
  ["docs/camvid.md", "mkdir ", "needs CamVid in the home folder"],
  [
    "docs/camvid.md",
    "npx pspc data check specs/camvid.yaml data.root=$HOME",
    "needs CamVid in the home folder",
  ],
  [
    "docs/distributed.md",
    "npx pspc train specs/camvid.yaml --devices",
    "needs several GPUs; test/run/devices.test.ts trains on several devices of the CPU",
  ],
  ["docs/distributed.md", "srun ", "needs a cluster; `npm run slurm` has one machine of it"],
  [
    "docs/distributed.md",
    "PSPC_HOSTS=",
    "needs two machines; test/run/gang.test.ts has two processes",
  ],
  ["docs/editor.md", "(cd editors/vscode", "installs; `npm test` packs the extension"],
  ["docs/editor.md", "npm run vscode", "needs a clone, and what the line before installs"],
  ["docs/editor.md", "code ", "needs VS Code"],
  ["docs/install.md", "npx pspc setup", "sets up; `npm run installed` does it"],
  ["docs/install.md", "PSPC_CACHE=/opt/pspc", "a cache on another machine"],
  ["docs/library.md", "node examples/serve", "a server; test/examples/serve.test.ts asks it"],
  ["docs/library.md", "curl ", "asks that server"],
  ["docs/report.md", "npx pspc dash", "a server; test/cli/dash.test.ts asks it"],
  ["docs/sweeps.md", "npx pspc compare specs/camvid.yaml --seeds 3 --on slurm", "`npm run slurm`"],
  ["docs/tracking.md", "npx pspc train specs/camvid.yaml --track", "`npm run mlflow`"],
  ["docs/tracking.md", "python to_wandb.py", "needs Weights & Biases"],
  ["docs/weights.md", "npx pspc", "needs a file of 187 MB; test/weights reads such files in small"],
  [
    "docs/zoo.md",
    "npx pspc import",
    "needs the authors' file; test/weights reads such files in small",
  ],
  ["docs/zoo.md", "npx pspc eval", "needs that file, and Cityscapes"],
];

/** @param {Told} told @returns {string | undefined} */
export const whyNot = ({ page, line }) =>
  notRun.find(([where, begins]) => where === page && line.startsWith(begins))?.[2];
