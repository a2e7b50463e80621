/** Pickles are data or refused: no instruction runs anything, grows or loops beyond the pickle's own length. */

import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { budgetFor } from "../../src/source/budget.js";
import { unpickle } from "../../src/weights/pickle.js";
import type { Value } from "../../src/weights/pickle-machine.js";

const text = (code: string): Uint8Array => Uint8Array.from(Buffer.from(code, "latin1"));
const read = (code: string): E.Either<string, Value> =>
  E.Functor.map(unpickle(text(code), budgetFor(code.length, {})), ({ value }) => value);

describe("a pickle", () => {
  test("of data is read", () => {
    // {"a": [1, 300, -2, 1.5], "b": (None, True)}, as protocol 2 writes it.
    const code =
      "\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01M\x2c\x01J\xfe\xff\xff\xffG?\xf8\0\0\0\0\0\0eX\x01\0\0\0bq\x03N\x88\x86q\x04u.";
    expect(read(code)).toEqual(
      E.right(
        new Map<string, unknown>([
          ["a", [1, 300, -2, 1.5]],
          ["b", [null, true]],
        ]),
      ),
    );
    expect(read("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x80.")).toEqual(E.right(-(2n ** 71n)));
    expect(read("\x80\x02\x8a\x00.")).toEqual(E.right(0));
  });

  test("of protocol 0 is read", () => {
    // pickle.dumps({"a": [1, 2.5, True, None, 2**70], "b": ("x", b"y")}, 0)
    const code =
      "(dp0\nVa\np1\n(lp2\nI1\naF2.5\naI01\naNaL1180591620717411303424L\nasVb\np3\n(Vx\np4\nc_codecs\nencode\np5\n(Vy\np6\nVlatin1\np7\ntp8\nRp9\ntp10\ns.";
    expect(read(code)).toMatchObject(
      E.right(
        new Map<string, unknown>([
          ["a", [1, 2.5, true, null, 2n ** 70n]],
          ["b", ["x", { kind: "call", callee: { name: "_codecs.encode" }, args: ["y", "latin1"] }]],
        ]),
      ),
    );
  });

  test("that would run code is a description of it", () => {
    const callee = { kind: "global", name: "posix.system" };
    const call = E.right({ kind: "call", callee, args: ["ls"], items: new Map(), state: null });
    expect(read("\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R.")).toEqual(call);
    expect(read("\x80\x04\x8c\x05posix\x8c\x06system\x93X\x02\0\0\0ls\x85R.")).toEqual(call);
    expect(read("(X\x02\0\0\0lsiposix\nsystem\n.")).toEqual(call);
    expect(read("(cposix\nsystem\nX\x02\0\0\0lso.")).toEqual(call);
    // What it is to restore itself from, and what is set on it as on a map.
    expect(read("\x80\x02cargparse\nNamespace\n)\x81}X\x01\0\0\0aK\x01sb.")).toMatchObject(
      E.right({ callee: { name: "argparse.Namespace" }, state: new Map([["a", 1]]) }),
    );
    expect(read("\x80\x02ccollections\nOrderedDict\n)RX\x01\0\0\0aK\x01s.")).toMatchObject(
      E.right({ items: new Map([["a", 1]]) }),
    );
  });

  test.each([
    ["cut short", "\x80\x02X\xff\xff\xff\xffab", /cut short/],
    ["with a length below nothing", "\x80\x02T\xff\xff\xff\xffab.", /cut short/],
    ["with a length of 2⁶⁴", "\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.", /cut short/],
    ["without an end", "\x80\x02K\x01", /cut short/],
    ["without an end of a line", "\x80\x02I42", /cut short/],
    ["that takes from nothing", "\x80\x02a.", /empty stack/],
    ["that reaches below its mark", "\x80\x02K\x01(0.", /empty stack/],
    ["whose mark is missing", "\x80\x02t.", /mark is missing/],
    ["that recalls what it never put", "\x80\x02h\x07.", /never put/],
    ["that calls a number", "\x80\x02K\x01)R.", /no global/],
    ["that calls without arguments", "\x80\x02cposix\nsystem\nK\x01R.", /list of arguments/],
    ["of an extension's code", "\x80\x02\x82\x01.", /instruction 130/],
    ["with a long integer", "\x80\x02\x8b\0\0\x01\0a.", /integer of 65536 bytes/],
    ["of a later protocol", "\x80\x09N.", /protocol/],
    ["that sets half an item", "\x80\x02}(K\x01u.", /no value/],
    ["that appends to a number", "\x80\x02K\x01K\x02a.", /no list/],
  ])("%s is refused", (_, code, said) => {
    const result = read(code);
    expect(E.isLeft(result) ? result.left : "none").toMatch(said);
  });

  test("that contains itself, or doubles at every step, costs no more than its length", () => {
    const doubling = `\x80\x02K\x01${"2\x86".repeat(100_000)}.`;
    expect(E.isRight(read(doubling))).toBe(true);
    const nested = `\x80\x02${"]".repeat(200_000)}${"a".repeat(199_999)}.`;
    expect(E.isRight(read(nested))).toBe(true);
    expect(E.isRight(read("\x80\x02]q\x00h\x00a."))).toBe(true);
    expect(read("\x80\x02}X\x09\0\0\0__proto__N\x73.")).toEqual(
      E.right(new Map([["__proto__", null]])),
    );
  });

  test("takes no more steps than its budget", () => {
    const code = text(`\x80\x02${"N0".repeat(50)}N.`);
    expect(E.isRight(unpickle(code, budgetFor(code.length, { steps: 103 })))).toBe(true);
    expect(unpickle(code, budgetFor(code.length, { steps: 102 }))).toEqual(
      E.left("it asks for more than 102 steps, the most allowed for 104 bytes"),
    );
  });

  test("of any bytes ends", () => {
    const codes = fc.constantFrom(
      ...Buffer.from(
        "\x80(012NKJMXUTCB)t\x85\x86\x87]lae}suqr\x94hjcR\x81bQ.iodI\x8f\x90",
        "latin1",
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(codes, fc.nat(255)), { maxLength: 60 }), (bytes) => {
        const result = unpickle(Uint8Array.from(bytes), budgetFor(bytes.length, {}));
        expect(E.isLeft(result) ? result.left : "").toBeTypeOf("string");
      }),
      { numRuns: 3000 },
    );
  });
});
