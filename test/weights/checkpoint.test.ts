/** Checkpoints as people save them (test/weights/checkpoints.py): the weights are found, the rest is named, nothing runs. */

import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import * as E from "fp-ts/lib/Either.js";
import { afterAll, describe, expect, test } from "vitest";
import { bytesInMemory, type Read, type WeightsFile } from "../../src/weights/file.js";
import { openBytes, withWeights } from "../../src/weights/open.js";

const fixture = (name: string): string => join(import.meta.dirname, "files", name);
const folder = mkdtempSync(join(tmpdir(), "pspc-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every tensor of a file, and what the file says of itself. */
const contents = (opened: WeightsFile) => {
  const numbers: Record<string, readonly number[]> = {};
  for (const name of opened.tensors.keys()) {
    const tensor = opened.read(name);
    if (E.isLeft(tensor)) return tensor;
    numbers[name] = [...tensor.right.data];
  }
  return E.right({ format: opened.format, beside: opened.beside, numbers });
};

const open = (name: string) => withWeights(fixture(name), contents)();

const numbers = { "a.weight": [0, 1, 2, 3, 4, 5], "a.bias": [6, 7] };
const rest = [
  "epoch",
  "loss",
  "best (numpy._core.multiarray.scalar, not run)",
  "args (argparse.Namespace, not run)",
  "seen",
  "frozen",
  "optimizer",
];

describe("a checkpoint", () => {
  test.each([
    ["everything.pth", "PyTorch, inside `deep.er.weights`"],
    ["everything-protocol4.pth", "PyTorch, inside `deep.er.weights`"],
    ["everything-legacy.pth", "PyTorch, as before 1.6, inside `deep.er.weights`"],
  ])(
    "with much beside its weights (%s) gives the weights, and names the rest",
    async (name, format) => {
      const result = await open(`checkpoint-${name}`);
      expect(result).toMatchObject(E.right({ format, numbers }));
      const beside = E.isRight(result) ? result.right.beside : [];
      expect(beside.map((each) => each.replace(/__builtin__\.|builtins\./, ""))).toEqual(
        rest.map((each) =>
          name.includes("protocol4") ? each : each.replace(/^(seen|frozen)$/, setOf),
        ),
      );
    },
  );

  test.each([
    ["optimizer.pth", "PyTorch, inside `model`"],
    ["parameters.pth", "PyTorch, inside `a`"],
    ["shared-legacy.pth", "PyTorch, as before 1.6"],
    ["views-legacy.pth", "PyTorch, as before 1.6"],
    ["protocol2.pdparams", "a pickle of arrays"],
    ["protocol4.pdparams", "a pickle of arrays"],
    ["protocol5.pdparams", "a pickle of arrays"],
  ])("as %s has it gives the same numbers", async (name, format) => {
    expect(await open(`checkpoint-${name}`)).toMatchObject(E.right({ format, numbers }));
  });

  test("that is a whole module gives what the module holds", async () => {
    expect(await open("checkpoint-module.pth")).toMatchObject(
      E.right({ format: "PyTorch, inside `network`", numbers: { count: [0], ...numbers } }),
    );
  });

  test("from before PyTorch 1.6 has the numbers of one from after", async () => {
    const [legacy, now] = [await open("legacy.pth"), await open("f32.pth")];
    expect(E.isRight(legacy) && legacy.right.numbers).toEqual(E.isRight(now) && now.right.numbers);
  });

  test("from before PyTorch 1.6 is refused wherever it is cut", () => {
    const whole = readFileSync(fixture("checkpoint-shared-legacy.pth"));
    for (let length = 20; length < whole.length; length += 3)
      expect(E.isLeft(openBytes(bytesInMemory("cut", whole.subarray(0, length))))).toBe(true);
  });
});

/** Before protocol 4, a set is a call. */
const setOf = (name: string): string =>
  `${name} (${name === "seen" ? "set" : "frozenset"}, not run)`;

interface Part {
  readonly name: string;
  readonly data: Uint8Array;
}

/** An archive of deflated members; `again` lines of the directory lead to the first one under other names. */
const zip = (parts: readonly Part[], again = 0): Buffer => {
  const pieces: Buffer[] = [];
  const lines: Buffer[] = [];
  let offset = 0;
  for (const { name, data } of parts) {
    const packed = deflateRawSync(data);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    pieces.push(Buffer.from("PK\x03\x04"), fields, Buffer.from(name), packed);
    const line = Buffer.alloc(46);
    line.write("PK\x01\x02");
    fields.copy(line, 6);
    line.writeUInt32LE(offset, 42);
    lines.push(Buffer.concat([line, Buffer.from(name)]));
    offset += 30 + name.length + packed.length;
  }
  for (let i = 0; i < again; i++) {
    const name = `${String(i).padStart(5, "0")}.npy`;
    const line = Buffer.from((lines[0] ?? Buffer.alloc(46)).subarray(0, 46));
    line.writeUInt16LE(name.length, 28);
    lines.push(Buffer.concat([line, Buffer.from(name)]));
  }
  const directory = Buffer.concat(lines);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(lines.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...pieces, directory, end]);
};

/** Why a file is refused, which it must be within a second. */
const refusal = (bytes: Uint8Array): string => {
  const before = performance.now();
  const result: Read<unknown> = openBytes(bytesInMemory("hostile", bytes));
  expect(performance.now() - before).toBeLessThan(1000);
  return E.isLeft(result) ? (result.left.reason ?? "") : "none";
};

const safetensors = (header: string): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header)]);
};

describe("work without a bound", () => {
  const npy = (): Buffer => {
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4096,), }".padEnd(117);
    const head = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}\n`, "latin1");
    return Buffer.concat([head, Buffer.alloc(4 * 4096)]);
  };

  test("is not done for many members over one", () => {
    const archive = (again: number): Buffer => zip([{ name: "a.npy", data: npy() }], again);
    expect(refusal(archive(0))).toBe("none");
    expect(refusal(archive(60_000))).toMatch(/more than [\d,]+ entries, the most allowed for/);
    const larger = zip([{ name: "a", data: randomBytes(9000) }], 100);
    expect(refusal(larger)).toMatch(/more than [\d,]+ bytes, the most allowed for/);
  });

  test("is not done for a pickle that calls one thing again and again", () => {
    const header =
      "\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQq\0";
    const shape = `(${"K\x01".repeat(7000)}tq\x01`;
    const call = "ctorch._utils\n_rebuild_tensor_v2\n(h\0K\0h\x01h\x01tR0";
    const code = Buffer.from(`${header}0${shape}0${call.repeat(200_000)}}.`, "latin1");
    const members = [
      { name: "a/data.pkl", data: code },
      { name: "a/data/0", data: Buffer.alloc(4) },
    ];
    expect(refusal(zip(members))).toMatch(/more than [\d,]+ bytes, the most allowed for/);
    const legacy = Buffer.concat([
      readFileSync(fixture("checkpoint-shared-legacy.pth")).subarray(0, 15),
      Buffer.from("\x80\x02M\xe9\x03.\x80\x02}.", "latin1"),
      Buffer.from("\x80\x02N0".repeat(2_000_000), "latin1"),
    ]);
    expect(refusal(legacy)).toMatch(/more than 4,000,000 steps, the most allowed for/);
  });

  test("is not done for a deep or a crowded header", () => {
    const deep = `{"a": ${"[".repeat(400_000)}${"]".repeat(400_000)}}`;
    expect(refusal(safetensors(deep))).toMatch(/nests deeper than 3/);
    expect(refusal(safetensors(`{"a": [${"[],".repeat(400_000)}[]]}`))).toMatch(
      /more than [\d,]+ entries, the most allowed for/,
    );
    const text = JSON.stringify({ __metadata__: { note: '["{\\"[[[[[[[['.repeat(99) } });
    expect(refusal(safetensors(text))).toBe("none");
  });

  test("is not done for dictionaries that lie in one another for ever", () => {
    const nested = `\x80\x02${"}X\x01\0\0\0a".repeat(100_000)}N${"s".repeat(100_000)}.`;
    expect(refusal(Buffer.from(nested, "latin1"))).toMatch(/it holds a/);
    expect(refusal(Buffer.from("\x80\x02}q\0X\x01\0\0\0ah\0s.", "latin1"))).toMatch(/it holds a/);
  });
});

describe("a name", () => {
  test("of a pipe or a device is refused at once", async () => {
    const refused = await withWeights("/dev/zero", contents)();
    expect(refused).toMatchObject(E.left({ reason: "it is a device, not a file" }));
  });

  test("says nothing about the form", async () => {
    const file = join(folder, "weights.h5");
    writeFileSync(file, readFileSync(fixture("legacy.pth")));
    expect(await withWeights(file, contents)()).toMatchObject(
      E.right({ format: "PyTorch, as before 1.6" }),
    );
  });
});
