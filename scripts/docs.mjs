// @ts-check
/**
 * Runs every command of README and docs in a project as a reader has it: with specs/, and with data that are drawn here
 * and lie as CamVid does. CamVid's specs train two steps there, on small crops. Names of pages run these alone.
 */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath, URL } from "node:url";
import sharp from "sharp";
import { blocks, whyNot } from "./commands.mjs";

const clone = fileURLToPath(new URL("..", import.meta.url));
const [HEIGHT, WIDTH] = [96, 128];
const TRAINING = "npx pspc train specs/camvid.yaml";
process.chdir(clone);
const folder = mkdtempSync(join(tmpdir(), "pspc-docs-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const asked = process.argv.slice(2);

const project = await makeProject();
const env = { ...process.env, PATH: `${programs()}:${process.env.PATH}` };
const has = (/** @type {string} */ name) =>
  spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
const wanted = blocks().filter(({ page }) => asked.length === 0 || asked.includes(page));
/** The run that most pages speak of. */
run("docs/camvid.md", TRAINING);
run("docs/camvid.md", "npx pspc train 'specs/camvid.yaml#fcn'");
cpSync(join(project, "runs"), join(folder, "runs"), { recursive: true });
let [last, failed] = ["", 0];
for (const told of wanted) {
  const { page, line } = told;
  if (page !== last) {
    last = page;
    rmSync(join(project, "runs"), { recursive: true, force: true });
    if (!trains(page)) cpSync(join(folder, "runs"), join(project, "runs"), { recursive: true });
  }
  const missing = /\bclip\.mp4\b/.test(line) && !has("ffmpeg") ? "ffmpeg" : needed(line);
  const why = whyNot(told) ?? (missing && `there is no ${missing} here`);
  if (why) console.log(`${page}: not run (${why}): ${line}`);
  else if (!run(page, line)) failed += 1;
}
console.log(failed === 0 ? "all well" : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Does a page itself train the run that the others speak of? @param {string} page */
function trains(page) {
  return wanted.some((told) => told.page === page && told.line === TRAINING);
}

/** A program besides pspc that a line needs, and this machine has not. @param {string} line */
function needed(line) {
  return ["parallel", "jq"].find(
    (name) => new RegExp(`(^|\\s)${name}\\s`).test(line) && !has(name),
  );
}

/** @param {string} page @param {string} line @returns {boolean} */
function run(page, line) {
  // Shorter, and with what is there.
  const here = line
    .replace("train.iterations=4000", "train.iterations=3")
    .replace("/mnt/camvid", join(project, "data/camvid"));
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync("bash", ["-o", "pipefail", "-c", here], {
    cwd: project,
    env,
    encoding: "utf8",
    timeout: 900_000,
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${page}: ${status === 0 ? "ok" : `EXIT ${status}`} in ${seconds} s: ${line}`);
  if (status !== 0) console.log(`${stdout}\n${stderr}`.trim().replace(/^/gm, "    "));
  return status === 0;
}

/** `npx pspc` and `pspc` are this clone's. */
function programs() {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const own = `exec ${JSON.stringify(process.execPath)} ${JSON.stringify(join(clone, "bin/pspc.js"))} "$@"`;
  for (const [name, script] of [
    ["pspc", own],
    ["npx", `[ "$1" = pspc ] || exit 127\nshift\n${own}`],
  ]) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

async function makeProject() {
  const place = join(folder, "project");
  mkdirSync(place);
  cpSync("specs", join(place, "specs"), { recursive: true });
  for (const name of ["camvid", "pspnet-mobilenet"]) {
    const spec = readFileSync(`specs/${name}.yaml`, "utf8")
      .replace(/iterations: \d+/, "iterations: 2")
      .replace(/crop: \[.*\]/, "crop: [81, 177]");
    writeFileSync(join(place, `specs/${name}.yaml`), spec);
  }
  for (const [split, count] of /** @type {const} */ ([
    ["train", 8],
    ["val", 3],
    ["test", 3],
  ]))
    for (let n = 0; n < count; n++)
      await pair(
        place,
        `data/camvid/${split}/${n}.png`,
        `data/camvid/${split}annot/${n}.png`,
        12,
        n,
      );
  for (let n = 1; n <= 24; n++)
    await pair(place, `pictures/shot_${n}.jpg`, `pictures/mask_${n}.png`, 3, n);
  for (const name of ["photos/one.jpg", "more/two/three.png", "street.jpg"])
    await pair(place, name, "labels/none.png", 3, 1);
  writeFileSync(join(place, "list.txt"), "street.jpg\n");
  const clip = "ffmpeg -loglevel error -y -loop 1 -i photos/one.jpg -t 0.2 clip.mp4";
  spawnSync("sh", ["-c", clip], { cwd: place });
  return place;
}

/**
 * A picture of stripes of as many classes, and its label.
 * @param {string} place @param {string} image @param {string} label @param {number} classes @param {number} n
 */
async function pair(place, image, label, classes, n) {
  const labels = new Uint8Array(HEIGHT * WIDTH);
  const pixels = new Uint8Array(3 * HEIGHT * WIDTH);
  for (let i = 0; i < labels.length; i++) {
    const [y, x] = [Math.floor(i / WIDTH), i % WIDTH];
    const value = (Math.floor(x / 10) + Math.floor((y + 7 * n) / 32)) % classes;
    labels[i] = value;
    pixels.set([20 * value, ((i * 31) % 23) + 90, 255 - 20 * value], 3 * i);
  }
  for (const file of [image, label]) mkdirSync(dirname(join(place, file)), { recursive: true });
  const size = { width: WIDTH, height: HEIGHT };
  await sharp(pixels, { raw: { ...size, channels: 3 } }).toFile(join(place, image));
  await sharp(labels, { raw: { ...size, channels: 1 } })
    .toColourspace("b-w")
    .toFile(join(place, label));
}
