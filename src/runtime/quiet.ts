/** Loads native code without its announcements on stderr. */

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WASI } from "node:wasi";

const stderr = 2;

/**
 * Runs `load` and keeps its announcements from the process's stderr. libtensorflow tells of oneDNN from a static
 * initialiser, before it reads TF_CPP_MIN_LOG_LEVEL, so that no setting silences it. What it says besides is told
 * when it has loaded. A socket hears everything: it can be neither opened again nor rewound.
 */
export function quietly<T>(load: () => T): T {
  const kept = again();
  if (kept !== null) return aside(kept, load);
  return isFile() ? takenBack(load) : load();
}

/** A second number for what stderr writes to, where that has no position: a terminal, a pipe, a file that grows. */
const again = (): number | null => {
  try {
    const kind = fstatSync(stderr);
    const hasNone = kind.isFIFO() || kind.isCharacterDevice() || (kind.isFile() && appends());
    return hasNone ? openSync(`/proc/self/fd/${stderr}`, "a") : null;
  } catch {
    return null;
  }
};

const isFile = (): boolean => {
  try {
    return fstatSync(stderr).isFile();
  } catch {
    return false;
  }
};

/** Also errors that are none: parts of CUDA that register twice, and GPUs that were hidden on purpose. */
const noise =
  /^(?:WARNING: All log messages before absl::InitializeLog|[IW]\d{4} |E\d{4} .*(?:Unable to register cu\w+ factory|cuInit.*CUDA_ERROR_NO_DEVICE))/;

/** What is worth hearing: lines above the level of warnings, and what no program of TensorFlow's wrote. */
export const withoutNoise = (text: string): string =>
  text
    .split(/(?<=\n)/)
    .filter((line) => !noise.test(line))
    .join("");

/**
 * Meanwhile stderr is a file of our own. Node has no `dup2`; but a file that is opened takes the lowest free number,
 * which is the one just closed.
 */
function aside<T>(kept: number, load: () => T): T {
  closeSync(stderr);
  openOwn();
  // Node resolves symbolic links with an eye on what was last asked about, and leaves off where that was a pipe.
  fstatSync(stderr);
  try {
    return load();
  } finally {
    const heard = contents(stderr);
    closeSync(stderr);
    openSync(`/proc/self/fd/${kept}`, "a");
    closeSync(kept);
    tell(withoutNoise(heard));
  }
}

/** A file without a name; where none can be made, what is said is lost. */
const openOwn = (): void => {
  const file = join(tmpdir(), `pspc-${process.pid}.stderr`);
  try {
    openSync(file, "wx+", 0o600);
    unlinkSync(file);
  } catch {
    openSync("/dev/null", "r+");
  }
};

const contents = (descriptor: number): string => {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  return bytes.toString("utf8", 0, readSync(descriptor, bytes, 0, bytes.length, 0));
};

/** A file with a position, which may be stdout's or a script's too: what was written there is cut off again. */
function takenBack<T>(load: () => T): T {
  const start = fstatSync(stderr).size;
  try {
    return load();
  } finally {
    takeBack(start);
  }
}

const takeBack = (start: number): void => {
  try {
    const file = readFileSync(`/proc/self/fd/${stderr}`);
    const heard = file.toString("utf8", start);
    const told = withoutNoise(heard);
    // Where its position was not its end, nothing here is known for ours.
    if (told === heard || position() !== file.length || !seek(stderr, start)) return;
    ftruncateSync(stderr, start);
    tell(told);
  } catch {
    // A file that may be written and not be read keeps what it was told.
  }
};

const tell = (text: string): void => {
  if (text !== "") writeSync(stderr, text);
};

const about = (key: string): number => {
  const text = readFileSync(`/proc/self/fdinfo/${stderr}`, "utf8");
  const value = new RegExp(`^${key}:\\s*(\\d+)$`, "m").exec(text)?.[1] ?? "";
  return Number.parseInt(value, key === "flags" ? 8 : 10);
};
const position = (): number => about("pos");
const appends = (): boolean => (about("flags") & 0o2000) !== 0;

/** Node has no `lseek`, but gives WebAssembly one: a module that hands on what it imports makes it ours. */
export const seek = (descriptor: 0 | 1 | 2, position: number): boolean => {
  const wasi = new (wasiClass())({ version: "preview1", stdin: 0, stdout: 1, stderr: 2 });
  const module = new WebAssembly.Module(handingOn);
  const { exports } = new WebAssembly.Instance(module, wasi.getImportObject());
  const { memory, fd_seek } = exports;
  wasi.initialize({ exports: { memory } });
  return fd_seek(descriptor, BigInt(position), SEEK_SET, 0) === 0;
};

const SEEK_SET = 0;

/** As much of it as this file needs: Node's own types leave WebAssembly to the browser's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports };
};

interface Exports {
  readonly memory: object;
  /** Leaves the new position at `result` in the memory, and returns an error number. */
  readonly fd_seek: (descriptor: number, offset: bigint, whence: number, result: number) => number;
}

/** Without the warning that it is experimental. */
const wasiClass = (): typeof WASI => {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    const module = createRequire(import.meta.url)("node:wasi") as typeof import("node:wasi");
    return module.WASI;
  } finally {
    process.emitWarning = emitWarning;
  }
};

const [i32, i64] = [0x7f, 0x7e];
const named = (name: string): readonly number[] => [name.length, ...Buffer.from(name)];
const section = (id: number, body: readonly number[]): readonly number[] => [
  id,
  body.length,
  ...body,
];

/** Imports `fd_seek`, and exports it again, with a page of memory. */
const handingOn = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 4, i32, i64, i32, i32, 1, i32]),
  ...section(2, [1, ...named("wasi_snapshot_preview1"), ...named("fd_seek"), 0, 0]),
  ...section(5, [1, 0, 1]),
  ...section(7, [2, ...named("memory"), 2, 0, ...named("fd_seek"), 0, 0]),
);
