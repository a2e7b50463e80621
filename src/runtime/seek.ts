/** Where the next write of an open file goes: a descriptor and a position enter; whether it could be set leaves. */

import { createRequire } from "node:module";
import type { WASI } from "node:wasi";

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
