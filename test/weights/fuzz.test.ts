/**
 * Damaged and lying headers: whatever stands in one, a file is read or refused with a Failure, within bounded time and
 * memory. `npm run fuzz:weights` tries 10,000 of each format.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import h5wasm from "h5wasm/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Failed, valueOrThrow } from "../../src/diagnostic/failure.js";
import { integer } from "../../src/plan/random.js";
import { bytesInMemory, type WeightsFile } from "../../src/weights/file.js";
import { openBytes } from "../../src/weights/open.js";
import { encodeSafetensors } from "../../src/weights/safetensors.js";

const rounds = Number(process.env.PSPC_FUZZ ?? 300);
const folder = mkdtempSync(join(tmpdir(), "pspc-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dirname, "files", name));

const keras = join(folder, "keras.h5");
beforeAll(async () => {
  await h5wasm.ready;
  const file = new h5wasm.File(keras, "w");
  for (const layer of ["conv1", "bn1"]) {
    const group = file.create_group(layer).create_group(layer);
    group.create_dataset({
      name: "kernel:0",
      data: Float32Array.of(1, 2, 3, 4),
      shape: [1, 1, 2, 2],
    });
    group.create_dataset({ name: "bias:0", data: Float32Array.of(1, 2), shape: [2] });
  }
  file.close();
});

const safetensors = (): Buffer =>
  Buffer.from(
    encodeSafetensors(
      new Map([
        ["a.kernel", { shape: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) }],
        ["a.bias", { shape: [2], data: Float32Array.of(5, 6) }],
        ["step", { shape: [], data: Int32Array.of(7) }],
      ]),
    ),
  );

/** Numbers that lengths, counts and offsets should not be. */
const lies = [
  0n,
  1n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  2n ** 53n,
  2n ** 60n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Turns bytes, writes lies over fields, doubles a piece, moves one, or cuts the end off. */
const mutated = (bytes: Buffer, round: number): Buffer => {
  const draw = (bound: number, at: number): number => integer(bound, 1, "mutations", round, at);
  let out = Buffer.from(bytes);
  const count = 1 + draw(3, 0);
  for (let i = 0; i < count && out.length > 16; i++) {
    const at = draw(out.length, 10 * i + 1);
    const other = draw(out.length, 10 * i + 2);
    const long = 1 + draw(24, 10 * i + 3);
    const kind = draw(8, 10 * i + 4);
    const lie = Buffer.alloc(8);
    lie.writeBigUInt64LE(lies[draw(lies.length, 10 * i + 5)]!);
    if (kind < 3) out[at] = draw(256, 10 * i + 6);
    else if (kind === 3) lie.copy(out, at, 0, 8);
    else if (kind === 4) lie.copy(out, at, 0, 4);
    else if (kind === 5) out.copy(out, at, other, other + long);
    else if (kind === 6) out = Buffer.concat([out.subarray(0, at), out.subarray(at + long)]);
    else if (draw(4, 10 * i + 7) === 0) out = out.subarray(0, at);
    else
      out = Buffer.concat([
        out.subarray(0, at),
        out.subarray(other, other + long),
        out.subarray(at),
      ]);
  }
  return out;
};

/** Header and every number. */
const readAll = (opened: WeightsFile): void => {
  for (const name of opened.tensors.keys()) valueOrThrow(opened.read(name));
};

interface Tally {
  read: number;
  refused: number;
  slowest: number;
}

const tallied = async (act: (round: number) => Promise<void>): Promise<Tally> => {
  const tally: Tally = { read: 0, refused: 0, slowest: 0 };
  for (let round = 0; round < rounds; round++) {
    const before = performance.now();
    try {
      await act(round);
      tally.read++;
    } catch (error) {
      if (!(error instanceof Failed)) throw new Error(`round ${round}`, { cause: error });
      tally.refused++;
    }
    tally.slowest = Math.max(tally.slowest, performance.now() - before);
  }
  return tally;
};

const check = ({ read, refused, slowest }: Tally, name: string): void => {
  if (process.env.PSPC_FUZZ)
    console.log(`${name}: ${read} read, ${refused} refused, slowest ${Math.round(slowest)} ms`);
  expect(read + refused).toBe(rounds);
  expect(refused).toBeGreaterThan(rounds / 10);
  expect(process.memoryUsage.rss()).toBeLessThan(2 ** 30);
};

const limit = 60_000 + rounds * 100;

test.each([
  ["safetensors", safetensors],
  ["PyTorch", () => fixture("f16.pth")],
  ["PyTorch before 1.6", () => fixture("legacy.pth")],
  ["pickled arrays", () => fixture("checkpoint-protocol4.pdparams")],
  ["NumPy, stored", () => fixture("stored.npz")],
  ["NumPy, packed", () => fixture("packed.npz")],
] as const)(
  "%s, with a damaged header",
  async (name, make) => {
    const bytes = make();
    const tally = await tallied(async (round) =>
      readAll(valueOrThrow(openBytes(bytesInMemory("mutated", mutated(bytes, round))))),
    );
    check(tally, name);
  },
  limit,
);

/** Reads files FROM…TO−1 of a folder, a word each; stops where one has broken the library, which a process has once. */
const reader = `
import { withWeights } from ${JSON.stringify(pathToFileURL(resolve("dist/weights/open.js")).href)};
const [folder, from, to] = process.argv.slice(1);
for (let i = Number(from); i < Number(to); i++) {
  const all = (opened) => {
    const read = [...opened.tensors.keys()].map(opened.read);
    return read.find(({ _tag }) => _tag === "Left") ?? { _tag: "Right", right: read.length };
  };
  const { _tag, left } = await withWeights(folder + "/" + i + ".h5", all)();
  if (_tag === "Left" && /Start pspc again/.test(left.help)) process.exit(9);
  process.stdout.write(_tag === "Left" ? "refused\\n" : "read\\n");
}`;

test(
  "HDF5, with a damaged header",
  () => {
    const bytes = readFileSync(keras);
    for (let i = 0; i < rounds; i++) writeFileSync(join(folder, `${i}.h5`), mutated(bytes, i));
    const said: string[] = [];
    let broken = 0;
    while (said.length < rounds) {
      const words = ["--input-type=module", "-e", reader, folder, said.length, rounds].map(String);
      const options = { encoding: "utf8", timeout: limit, maxBuffer: 2 ** 24 } as const;
      const { status, stdout, stderr } = spawnSync(process.execPath, words, options);
      said.push(...stdout.split("\n").filter((word) => word !== ""));
      expect([0, 9], stderr).toContain(status);
      if (status === 9) broken++;
    }
    const read = said.filter((word) => word === "read").length;
    const refused = said.length - read;
    if (process.env.PSPC_FUZZ)
      console.log(`HDF5: ${read} read, ${refused} refused, ${broken} of these by a trap`);
    expect(said).toHaveLength(rounds);
    expect(read).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  },
  limit,
);

/** The members of a ZIP archive, stored, with the sizes that are claimed for them. */
test("a bomb is not unpacked beyond what it claims, nor claims beyond what can be", () => {
  const packed = fixture("packed.npz");
  const directory = packed.indexOf("PK\x01\x02", 0, "latin1");
  const lying = (size: number): Buffer => {
    const out = Buffer.from(packed);
    out.writeUInt32LE(size, directory + 24);
    return out;
  };
  const refuse = (bytes: Buffer): string => {
    try {
      readAll(valueOrThrow(openBytes(bytesInMemory("bomb", bytes))));
    } catch (error) {
      if (error instanceof Failed) return error.failure.reason ?? "";
      throw error;
    }
    return "none";
  };
  expect(refuse(lying(0xfffffff0))).toMatch(/claims 4294967280 bytes, packed as/);
  expect(refuse(lying(100_000))).toMatch(/do not fill its 100000 bytes/);
  expect(refuse(lying(8))).toMatch(/do not fill/);
});
