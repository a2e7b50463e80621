/** SavedModel bytes, read back by an independent reader of the wire format. */

import { describe, expect, it } from "vitest";
import { stateOf } from "../../src/plan/graphs.js";
import { trainingStep } from "../../src/plan/step.js";
import { dataType, encode, type NodeDef } from "../../src/tensorflow/proto.js";
import { savedModel } from "../../src/tensorflow/target.js";
import { tiny } from "../oracle/experiment.js";

/** A message as it lies on the wire: per field number its values, a number or the bytes of what it holds. */
type Message = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

const decode = (bytes: Uint8Array): Message => {
  const fields = new Map<number, (number | Uint8Array)[]>();
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    at += length;
    if (at > bytes.length) throw new Error("a field ends behind its message");
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag & 7;
    const value =
      kind === 0 ? varint() : kind === 5 ? take(4) : kind === 2 ? take(varint()) : undefined;
    if (value === undefined) throw new Error(`wire type ${kind} is not used here`);
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
};
const bytesAt = (of: Message, field: number): Uint8Array[] => (of.get(field) ?? []) as Uint8Array[];
const messages = (of: Message, field: number): Message[] => bytesAt(of, field).map(decode);
const text = (of: Message, field: number): string[] =>
  bytesAt(of, field).map((bytes) => Buffer.from(bytes).toString());
/** A `map<string, message>`. */
const entries = (of: Message, field: number): Map<string, Message> =>
  new Map(messages(of, field).map((entry) => [only(text(entry, 1)), only(messages(entry, 2))]));

const only = <A>([one, ...others]: readonly A[]): A => {
  if (one === undefined || others.length > 0) throw new Error(`one, not ${others.length + 1}`);
  return one;
};

describe("a SavedModel", () => {
  const graph = trainingStep(tiny({ train: { crop: [34, 31] } }));
  const model = savedModel({ train: graph });
  const meta = only(messages(decode(encode(model)), 2));
  const graphDef = only(messages(meta, 2));
  const nodes = messages(graphDef, 1);

  it("is tagged for serving and says for which TensorFlow it was made", () => {
    expect(text(only(messages(meta, 1)), 4)).toEqual(["serve"]);
    expect(only(messages(graphDef, 4)).get(1)).toEqual([1087]);
  });

  it("holds every node with its operation, inputs and attributes", () => {
    expect(nodes.map((node) => [text(node, 1)[0], text(node, 2)[0], text(node, 3)])).toEqual(
      model.nodes.map(({ name, op, inputs }) => [name, op, inputs]),
    );
    nodes.forEach((node, i) => {
      expect([...entries(node, 5).keys()]).toEqual(Object.keys(model.nodes[i]!.attributes));
    });
  });

  it("names each node once, and uses only what stands before or is state", () => {
    const names = new Set<string>();
    for (const { name, inputs } of model.nodes) {
      expect(names.has(name)).toBe(false);
      for (const each of inputs) expect(names.has(each.replace(/^\^|:\d+$/g, ""))).toBe(true);
      names.add(name);
    }
  });

  it("holds constants' bytes and shapes", () => {
    const constants = model.nodes.flatMap(({ op, attributes }, i) =>
      op === "Const" && "tensor" in attributes.value!
        ? [{ i, tensor: attributes.value.tensor }]
        : [],
    );
    expect(constants.length).toBeGreaterThan(20);
    for (const { i, tensor } of constants) {
      const written = only(messages(entries(nodes[i]!, 5).get("value")!, 8));
      const shape = messages(written, 2)[0] ?? new Map();
      expect(written.get(1)).toEqual([dataType[tensor.dtype]]);
      expect(messages(shape, 2).map((size) => size.get(1)?.[0] ?? 0)).toEqual([...tensor.shape]);
      if (typeof tensor.content !== "number") {
        expect(Buffer.from(only(bytesAt(written, 4)))).toEqual(Buffer.from(tensor.content));
      }
    }
  });

  it("holds a constant of many numbers where it stands, as it holds one of few", () => {
    const held = (name: string, length: number): NodeDef => {
      const content = new Uint8Array(4 * length).map((_, i) => i % 251);
      const tensor = { dtype: "f32", shape: [length], content } as const;
      return {
        name,
        op: "Const",
        inputs: [],
        attributes: { dtype: { type: "f32" }, value: { tensor } },
      };
    };
    const all = [held("few", 3), held("many", 20_000), held("last", 2)];
    const meta = only(messages(decode(encode({ nodes: all, signatures: {} })), 2));
    const found = messages(only(messages(meta, 2)), 1);
    expect(found.map((node) => only(text(node, 1)))).toEqual(["few", "many", "last"]);
    const values = found.map((node) => only(messages(entries(node, 5).get("value")!, 8)));
    expect(values.map((value) => bytesAt(value, 4).map(({ length }) => length))).toEqual([
      [12],
      [80_000],
      [8],
    ]);
    const [few, many] = values.map((value) => only(bytesAt(value, 4)));
    expect([...many!.subarray(0, 12)]).toEqual([...few!]);
    expect(found.map((node) => [...node.keys()])).toEqual(found.map(() => [...found[0]!.keys()]));
    expect(values.map((value) => [...value.keys()])).toEqual(
      found.map(() => [...values[0]!.keys()]),
    );
  });

  it("has signatures whose tensors exist: bytes enter as words, state leaves whole", () => {
    const names = new Set(model.nodes.map(({ name }) => name));
    const signatures = entries(meta, 5);
    expect([...signatures.keys()].sort()).toEqual([
      "__saved_model_init_op",
      "read",
      "train",
      "write",
    ]);
    for (const signature of signatures.values()) {
      for (const info of [...entries(signature, 1).values(), ...entries(signature, 2).values()]) {
        expect(names.has(only(text(info, 1)).replace(/:\d+$|^\^/g, ""))).toBe(true);
      }
    }
    const sizes = (info: Message): unknown[] =>
      messages(only(messages(info, 3)), 2).map((size) => size.get(1)?.[0]);
    const inputs = entries(signatures.get("train")!, 1);
    expect(sizes(inputs.get("images")!)).toEqual([Math.ceil((3 * 34 * 31 * 3) / 4)]);
    expect(inputs.get("images")!.get(2)).toEqual([dataType.i32]);
    expect(sizes(inputs.get("labels")!)).toEqual([Math.ceil((3 * 34 * 31) / 4)]);
    expect([...entries(signatures.get("read")!, 2).keys()].sort()).toEqual(
      stateOf([graph])
        .map(({ name }) => name)
        .sort(),
    );
  });

  it("pads as TensorFlow's SAME where that is meant, and by number where the size is even", () => {
    const paddings = (crop: readonly [number, number]): Set<unknown> =>
      new Set(
        savedModel({ train: trainingStep(tiny({ train: { crop } })) })
          .nodes.filter(({ op }) => op === "Conv2D" || op === "MaxPool")
          .map(({ attributes }) => "text" in attributes.padding! && attributes.padding.text),
      );
    expect(paddings([33, 33])).toEqual(new Set(["SAME", "VALID"]));
    expect(paddings([34, 33]).has("EXPLICIT")).toBe(true);
  });
});
