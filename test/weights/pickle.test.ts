/** Pickles are data or refused: no instruction calls, grows or loops beyond the pickle's own length. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Meaning, type Thing, Unpicklable, unpickle } from "../../src/weights/pickle.js";

const strict: Meaning = {
  global: (name) => {
    throw new Unpicklable(`global ${name}`);
  },
  call: () => null,
  outside: () => null,
};

const text = (code: string): Uint8Array => Uint8Array.from(Buffer.from(code, "latin1"));
const read = (code: string, meaning = strict) => unpickle(text(code), meaning);
const refusal = (code: string): string => {
  try {
    read(code);
  } catch (error) {
    if (error instanceof Unpicklable) return error.message;
    throw error;
  }
  return "none";
};

describe("a pickle", () => {
  test("of data is read", () => {
    // {"a": [1, 300, -2, 1.5], "b": (None, True)}, as protocol 2 writes it.
    const code =
      "\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01M\x2c\x01J\xfe\xff\xff\xffG?\xf8\0\0\0\0\0\0eX\x01\0\0\0bq\x03N\x88\x86q\x04u.";
    expect(read(code)).toEqual(
      new Map<string, unknown>([
        ["a", [1, 300, -2, 1.5]],
        ["b", [null, true]],
      ]),
    );
    expect(read("\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x80.")).toBe(-(2n ** 71n));
    expect(read("\x80\x02\x8a\x00.")).toBe(0);
  });

  test("that asks for a global is refused by the name", () => {
    expect(refusal("\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R.")).toBe("global posix.system");
    expect(refusal("\x80\x04\x8c\x05posix\x8c\x06system\x93.")).toBe("global posix.system");
  });

  test.each([
    ["cut short", "\x80\x02X\xff\xff\xff\xffab", /cut short/],
    ["with a length below nothing", "\x80\x02T\xff\xff\xff\xffab.", /cut short/],
    ["with a length of 2⁶⁴", "\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xffab.", /cut short/],
    ["without an end", "\x80\x02K\x01", /cut short/],
    ["that takes from nothing", "\x80\x02a.", /empty stack/],
    ["that reaches below its mark", "\x80\x02K\x01(0.", /empty stack/],
    ["whose mark is missing", "\x80\x02t.", /mark is missing/],
    ["that recalls what it never put", "\x80\x02h\x07.", /never put/],
    ["that calls a number", "\x80\x02K\x01)R.", /no global/],
    ["of an older protocol's text", "I42\n.", /instruction 73/],
    ["of a later protocol", "\x80\x09N.", /protocol/],
    ["that sets half an item", "\x80\x02}(K\x01u.", /no value/],
    ["that appends to a number", "\x80\x02K\x01K\x02a.", /no list/],
  ])("%s is refused", (_, code, said) => {
    expect(refusal(code)).toMatch(said);
  });

  test("that contains itself, or doubles at every step, costs no more than its length", () => {
    const doubling = `\x80\x02K\x01${"2\x86".repeat(100_000)}.`;
    expect(read(doubling)).toHaveLength(2);
    const nested = `\x80\x02${"]".repeat(200_000)}${"a".repeat(199_999)}.`;
    expect(read(nested)).toHaveLength(1);
    expect(read("\x80\x02]q\x00h\x00a.")).toHaveLength(1);
    expect(read("\x80\x02}X\x09\0\0\0__proto__N\x73.")).toEqual(new Map([["__proto__", null]]));
  });

  test("of any bytes ends", () => {
    const loose: Meaning = {
      global: (name): Thing => ({ kind: name }),
      call: (callee) => callee,
      outside: (id) => id,
    };
    const codes = fc.constantFrom(
      ...Buffer.from("\x80(012NKJMXUTCB)t\x85\x86\x87]lae}suqr\x94hjcR\x81bQ.", "latin1"),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(codes, fc.nat(255)), { maxLength: 60 }), (bytes) => {
        try {
          unpickle(Uint8Array.from(bytes), loose);
        } catch (error) {
          expect(error).toBeInstanceOf(Unpicklable);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
