/** A clone and a machine to play with: set-up's own scripts, everything that they call a stand-in on a PATH of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { zip } from "./zip.js";

export const wheelName = "tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl";

/** The parts of the wheel that set-up takes, and one that it leaves. */
export const wheel = zip({
  "tensorflow/libtensorflow_cc.so.2": "library",
  "tensorflow/libtensorflow_framework.so.2": "framework",
  "tensorflow/include/tensorflow/c/c_api.h": "header",
  "tensorflow/python/keras.py": "not for pspc",
});

/** A Python whose pip does what FAKE_PIP says, and writes down that it was called. */
const python = `
case "$*" in
  -c*) exit 1 ;;
  "-m pip --version") [ "$FAKE_PIP" != absent ]; exit ;;
esac
echo pip >>"$FAKE_LOG"
while [ "$1" != --dest ]; do shift; done
case "$FAKE_PIP" in
  wheel) /bin/mkdir -p "$2" && exec /bin/cp "$FAKE_WHEEL" "$2/${wheelName}" ;;
  hang) /bin/mkdir -p "$2" && echo half >"$2/${wheelName}" && exec /bin/sleep 10 ;;
  unreachable) echo "WARNING: NewConnectionError: Failed to establish a new connection" ;;
esac
echo "ERROR: No matching distribution found for tensorflow-cpu==2.21.0"
exit 1`;

/** An npm whose \`ci\` installs what the lock of the folder names; it has no global packages. */
const npm = `
[ "$1" = ci ] || { echo /nowhere; exit; }
echo npm >>"$FAKE_LOG"
[ "$FAKE_NPM" = fails ] && { echo "npm error network"; exit 1; }
/bin/mkdir -p node_modules/@tensorflow/tfjs-node-gpu
echo '{"version":"4.22.0"}' >node_modules/@tensorflow/tfjs-node-gpu/package.json
/bin/cp package-lock.json node_modules/.package-lock.json`;

const gyp = `
import fs from "node:fs";
fs.appendFileSync(process.env.FAKE_LOG, "gyp\\n");
if (process.env.FAKE_GYP === "fails") { console.error("error: no such header"); process.exit(1); }
const [, name, target] = /--module_name=(\\S+) --module_path=(\\S+)/.exec(process.argv.join(" "));
fs.writeFileSync(target + "/" + name + ".node", "addon");`;

/** The source files below are JavaScript already. */
const typescript = `
module.exports = {
  ScriptTarget: {},
  ModuleKind: {},
  transpileModule: (outputText) => ({ outputText }),
};`;

const library = `
export const loadTensorFlow = async () => ({ add: () => ({ data: async () => [42] }) });
export const describe = () => ({ version: "2.21.0", device: "cpu" });`;

const packageJson = JSON.stringify({
  type: "module",
  optionalDependencies: { "@tensorflow/tfjs-node-gpu": "4.22.0" },
});

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "pspc-setup-"));
  readonly cache = join(this.folder, "cache");

  constructor() {
    this.program("python3", python);
    this.program("c++", "echo c++ 13");
    this.program("make", "");
    this.program("npm", npm);
    this.write("node_modules/node-gyp/bin/node-gyp.js", gyp);
    this.write("node_modules/node-gyp/package.json", '{"type":"module"}');
    this.write("wheel", wheel);
    this.write("log", "");
    this.clone("clone");
  }

  /** A clone of pspc with its packages installed. */
  clone(name: string): void {
    const tfjs = "node_modules/@tensorflow/tfjs-node-gpu";
    const lock = JSON.stringify({ packages: { "": {}, [tfjs]: { version: "4.22.0" } } });
    this.scripts(name);
    this.write(`${name}/package.json`, packageJson);
    this.write(`${name}/package-lock.json`, lock);
    this.write(`${name}/node_modules/.package-lock.json`, lock);
    this.write(`${name}/${tfjs}/package.json`, '{"version":"4.22.0"}');
    this.write(`${name}/src/runtime/library.ts`, library);
    this.write(`${name}/src/file/lock.js`, readFileSync("src/file/lock.js"));
    this.write(`${name}/node_modules/typescript/index.js`, typescript);
  }

  /** Set-up's own, which know the wheel of this sandbox. */
  private scripts(name: string): void {
    cpSync("scripts", join(this.folder, name, "scripts"), { recursive: true });
    this.know(createHash("sha256").update(wheel).digest("hex"), name);
  }

  /** Lets set-up know one wheel, by its hash; or none. */
  know(hash: string | undefined, name = "clone"): void {
    const file = `${name}/scripts/setup/wheels.json`;
    this.write(file, JSON.stringify(hash === undefined ? {} : { [wheelName]: hash }));
  }

  /** A project with pspc installed, and what npm made of tfjs-node-gpu beside it. */
  project(name: string, beside: "dropped" | "script skipped" | "own TensorFlow"): void {
    const pspc = `${name}/node_modules/pspc`;
    const tfjs = `${name}/node_modules/@tensorflow/tfjs-node-gpu`;
    this.scripts(pspc);
    this.write(`${pspc}/package.json`, packageJson);
    this.write(`${pspc}/dist/runtime/library.js`, library);
    this.write(`${pspc}/dist/file/lock.js`, readFileSync("src/file/lock.js"));
    if (beside === "dropped") return;
    this.write(`${tfjs}/package.json`, '{"version":"4.22.0"}');
    if (beside === "script skipped") return;
    this.write(`${tfjs}/deps/lib/libtensorflow.so.2.9.1`, "2.9.1");
    this.write(`${tfjs}/lib/napi-v8/tfjs_binding.node`, "addon of 2.9.1");
  }

  write(path: string, content: string | Buffer): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), content);
  }

  /** A program on the PATH, written for the shell: quicker to start than Node. */
  program(name: string, code: string): void {
    this.write(`bin/${name}`, `#!/bin/sh\n${code}\n`);
    chmodSync(join(this.folder, "bin", name), 0o755);
  }

  without(...programs: string[]): this {
    for (const name of programs) rmSync(join(this.folder, "bin", name));
    return this;
  }

  start(env: Record<string, string> = {}, clone = "clone"): ChildProcess {
    return this.startBy(process.execPath, env, clone);
  }

  startBy(node: string, env: Record<string, string> = {}, clone = "clone"): ChildProcess {
    return spawn(node, [join(this.folder, clone, "scripts/setup.mjs")], {
      env: {
        PATH: join(this.folder, "bin"),
        PSPC_CACHE: this.cache,
        PSPC_FLAVOUR: "cpu",
        FAKE_PIP: "wheel",
        FAKE_WHEEL: join(this.folder, "wheel"),
        FAKE_LOG: join(this.folder, "log"),
        ...env,
      },
    });
  }

  run(env: Record<string, string> = {}, clone = "clone"): Promise<Ended> {
    return ended(this.start(env, clone));
  }

  /** What lies in the cache. */
  cached(): string[] {
    return existsSync(this.cache) ? readdirSync(this.cache).sort() : [];
  }

  /** How often pip, node-gyp or npm ci was called. */
  calls(program: "pip" | "gyp" | "npm"): number {
    const log = readFileSync(join(this.folder, "log"), "utf8");
    return log.split("\n").filter((line) => line === program).length;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function ended(child: ChildProcess): Promise<Ended> {
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  child.stderr?.on("data", (chunk) => (output += chunk));
  return new Promise((done) => child.on("close", (code) => done({ code, output })));
}
