import { describe, expect, test } from "vitest";
import {
  type Diagnostic,
  error,
  formatPath,
  inOrder,
  note,
  type Place,
  warning,
} from "../../src/diagnostic/diagnostic.js";
import { toJson } from "../../src/diagnostic/json.js";
import { distance, nearest } from "../../src/diagnostic/nearest.js";
import { render } from "../../src/diagnostic/render.js";
import { width } from "../../src/diagnostic/text.js";

const text = `first: 1\n\tsecond: \u001b[31mred\nlong: ${"x".repeat(300)}\n`;
const sources = new Map([
  ["a.yaml", text],
  ["b.yaml", "other: 2\n"],
]);
const place = (file: string, start: number, end: number, label = "here"): Place => ({
  path: ["a", 0],
  label,
  at: { file, start, end },
});
const plain = (...found: Diagnostic[]): string => render(found, sources, { colour: false });

describe("the printer", () => {
  test("sorts by file and place, errors before notes", () => {
    const at = place("a.yaml", 0, 5);
    const found = [
      error("E3", "third", place("b.yaml", 0, 5)),
      note("E2", "second", at),
      error("E1", "first", at),
    ];
    expect(
      plain(...found)
        .match(/first|second|third/g)
        ?.slice(0, 1),
    ).toEqual(["first"]);
    expect(plain(...found).match(/E\d/g)).toEqual(["E1", "E2", "E3"]);
  });

  test("tells the same mistake once", () => {
    const twice = [
      error("E1", "one", place("a.yaml", 0, 5)),
      error("E1", "one", place("a.yaml", 0, 5)),
    ];
    expect(plain(...twice).match(/E1/g)).toHaveLength(1);
  });

  test("shows twenty and counts the rest", () => {
    const many = [...Array(27).keys()].map((i) => error("E1", `no ${i}`, place("a.yaml", 0, 5)));
    const shown = plain(...many);
    expect(shown.match(/^error/gm)).toHaveLength(20);
    expect(shown).toContain("… and 7 more");
  });

  test("takes the power from control characters and gives tabs a width", () => {
    const shown = plain(error("E1", "one", place("a.yaml", 10, 16)));
    expect(shown).toContain("2 │     second: \uFFFD[31mred\n        ^^^^^^ here");
  });

  test("counts columns, not characters", () => {
    const signs = 'a: [空, "🚗", ｱ, é, x] # 👩‍👩‍👧\n';
    const at = signs.indexOf("x");
    const wide = new Map([["w.yaml", signs]]);
    const shown = render([error("E1", "one", place("w.yaml", at, at + 1))], wide, {
      colour: false,
    });
    // 空 and 🚗 fill two columns each, é is one sign of two characters.
    expect(shown.split("\n")[3]).toBe(`${" ".repeat("1 │ a: [".length + 4 + 6 + 3 + 3)}^ here`);
    expect(width("👩‍👩‍👧")).toBe(2);
    expect(width("한국어")).toBe(6);
  });

  test("takes the power from what an author's words hold", () => {
    const told = error("E1", "no \u0007bell", place("a.yaml", 0, 5, "\u202Eback"), {
      help: ["half \uD83D"],
    });
    expect(plain(told)).toContain("no \uFFFDbell");
  });

  test("of one mistake seen twice tells the first", () => {
    const at = place("a.yaml", 0, 5);
    const seen = [
      error("E1", "one", at, { help: ["fix it"] }),
      error("E1", "one", at, { notes: ["in the variant `b`"] }),
    ];
    expect(inOrder(seen)).toEqual([seen[0]]);
  });

  test("clips long lines around the mark", () => {
    const start = text.indexOf("x");
    const shown = plain(error("E1", "one", place("a.yaml", start + 200, start + 290)));
    expect(Math.max(...shown.split("\n").map((line) => line.length))).toBeLessThan(140);
    expect(shown).toContain("│ …xxx");
  });

  test("colours only when asked", () => {
    const found = [warning("E1", "one", place("a.yaml", 0, 5))];
    const coloured = render(found, sources, { colour: true });
    expect(coloured).toContain("\u001b[33mwarning[E1]\u001b[0m");
    expect(coloured.replace(/\p{Cc}\[\d+m/gu, "")).toBe(plain(...found));
  });
});

test("the answer of check --json", () => {
  const found = error("E0503", "too large", place("a.yaml", 10, 16), {
    related: [place("b.yaml", 0, 5, "because of this")],
    notes: ["so it is"],
    help: ["make it smaller"],
    fixes: [
      {
        title: "write `small`",
        safe: true,
        edits: [{ path: ["a", 0], text: "small", at: { file: "a.yaml", start: 10, end: 16 } }],
      },
    ],
  });
  expect(toJson([found, note("E0502", "uneven", { path: [], label: "" })], sources)).toEqual({
    valid: false,
    error_count: 1,
    diagnostics: [
      {
        code: "E0502",
        severity: "note",
        message: "uneven",
        file: null,
        line: null,
        column: null,
        end_line: null,
        end_column: null,
        path: "(spec)",
        notes: [],
        help: [],
        related: [],
        fixes: [],
      },
      {
        code: "E0503",
        severity: "error",
        message: "too large",
        file: "a.yaml",
        line: 2,
        column: 2,
        end_line: 2,
        end_column: 8,
        path: "a[0]",
        notes: ["here", "because of this", "so it is"],
        help: ["make it smaller"],
        related: [
          {
            message: "because of this",
            file: "b.yaml",
            line: 1,
            column: 1,
            end_line: 1,
            end_column: 6,
          },
        ],
        fixes: [
          {
            title: "write `small`",
            safe: true,
            edits: [
              {
                file: "a.yaml",
                line: 2,
                column: 2,
                end_line: 2,
                end_column: 8,
                text: "small",
              },
            ],
          },
        ],
      },
    ],
  });
});

describe("words", () => {
  test("paths have one spelling each", () => {
    expect(formatPath(["model", "pyramid", "bins", 3])).toBe("model.pyramid.bins[3]");
    expect(formatPath(["variants", "no-aux", "model.auxiliary"])).toBe(
      'variants.no-aux["model.auxiliary"]',
    );
  });

  test("the nearest word is one slip away, or none", () => {
    expect(distance("binz", "bins")).toBe(1);
    expect(distance("cropp", "crop")).toBe(1);
    expect(distance("pola", "polar")).toBe(1);
    expect(distance("ab", "ba")).toBe(1);
    expect(nearest("auxilliary", ["auxiliary", "head"])).toBe("auxiliary");
    expect(nearest("zebra", ["auxiliary", "head"])).toBeUndefined();
  });
});
