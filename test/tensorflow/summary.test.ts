/** TensorBoard's event files: checksums by the RFC's own examples, and records that can be cut by their step. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  crc32c,
  encodeSummary,
  fileVersion,
  lengthUntil,
  sessionStart,
} from "../../src/tensorflow/summary.js";

describe("the checksum", () => {
  // RFC 3720, appendix B.4, and the polynomial's usual check value.
  test.each<[string, Uint8Array, number]>([
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones", new Uint8Array(32).fill(255), 0x62a8ab43],
    ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["the digits", new TextEncoder().encode("123456789"), 0xe3069283],
  ])("of %s", (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });
});

/** By tf.io.TFRecordWriter, of an event_pb2.Event with wall_time 1.5, step 300, and "loss" with simple_value 0.25. */
const written =
  "1b000000000000001a0d9e1309000000000000f83f10ac022a0d0a0b0a046c6f7373150000803e9908deed";

describe("a record", () => {
  test("is what TensorFlow itself writes", () => {
    const bytes = encodeSummary({ step: 300, time: 1.5, scalars: { loss: 0.25 } });
    expect(Buffer.from(bytes).toString("hex")).toBe(written);
  });

  test("is cut where its step is later, whole", () => {
    const steps = fc.array(fc.nat(2 ** 40), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(steps, fc.nat(2 ** 40), fc.nat(30), (unsorted, until, lost) => {
        const sorted = unsorted.toSorted((a, b) => a - b);
        const records = sorted.map((step) =>
          encodeSummary({ step, time: 1, scalars: { loss: step, rate: 0.1 } }),
        );
        const head = fileVersion(1);
        const kept = records.filter((_, i) => sorted[i]! <= until);
        const length = [head, ...kept].reduce((sum, { length: n }) => sum + n, 0);
        const file = Buffer.concat([head, ...records, sessionStart(2, 2 ** 41)]);
        expect(lengthUntil(file, until)).toBe(length);
        // Cut short, the last record does not count.
        expect(lengthUntil(file.subarray(0, file.length - lost), 2 ** 42)).toBeLessThanOrEqual(
          file.length - lost,
        );
      }),
    );
  });

  test("that is damaged ends what counts", () => {
    const [first, second] = [1, 2].map((step) => encodeSummary({ step, time: 1 }));
    const file = Buffer.concat([first!, second!]);
    file[first!.length + 14]! ^= 1;
    expect(lengthUntil(file, 9)).toBe(first!.length);
  });
});
