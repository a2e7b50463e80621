import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Checked, Path } from "../../src/diagnostic/diagnostic.js";
import { parseOverride } from "../../src/source/override.js";
import { at, find, plain, type Tree } from "../../src/source/tree.js";
import { parse } from "../../src/source/yaml.js";

const right = <A>(checked: Checked<A>): A => {
  if (E.isLeft(checked)) throw new Error(checked.left.map((d) => d.message).join("\n"));
  return checked.right;
};

const text = `model:
  pyramid: {bins: [1, 2], pool: max}   # comment
  base: &head
    channels: 8
    dropout: 0
  head: *head
`;
const tree = right(parse("a.yaml", text));
const piece = (path: Path, on?: "key" | "value"): string => {
  const { span } = find(tree, path, on);
  return text.slice(span.start, span.end);
};

describe("a tree", () => {
  test("holds what the text says", () => {
    const head = { channels: 8, dropout: 0 };
    expect(plain(tree)).toEqual({
      model: { pyramid: { bins: [1, 2], pool: "max" }, base: head, head },
    });
  });

  test("knows where each path stands", () => {
    expect(piece(["model", "pyramid", "bins", 1])).toBe("2");
    expect(piece(["model", "pyramid", "bins"])).toBe("[1, 2]");
    expect(piece(["model", "pyramid", "pool"], "key")).toBe("pool");
    expect(piece(["model", "pyramid"])).toBe("{bins: [1, 2], pool: max}");
  });

  test("shows a block of several lines by its key", () => {
    expect(piece(["model", "base"])).toBe("base");
  });

  test("points into the anchor for what stands under an alias", () => {
    expect(piece(["model", "head"])).toBe("*head");
    expect(piece(["model", "head", "channels"])).toBe("8");
  });

  test("answers with the innermost written part for a path that is not", () => {
    const found = find(tree, ["model", "pyramid", "order"]);
    expect(found.exact).toBe(false);
    expect(text.slice(found.span.start, found.span.end)).toBe("pyramid");
    expect(at(tree, ["model", "pyramid", "order"])).toBeUndefined();
  });

  test("keeps a key that JavaScript treats as its own", () => {
    const odd = right(parse("a.yaml", "__proto__: 1\nconstructor: 2\n"));
    expect(Object.keys(plain(odd) as object)).toEqual(["__proto__", "constructor"]);
  });
});

test("YAML that the library writes is read back as the same value", () => {
  const law = fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
    fc.pre(value !== null);
    const expected = JSON.parse(JSON.stringify(value)) as unknown;
    expect(plain(right(parse("a.yaml", stringify(value))))).toEqual(expected);
  });
  fc.assert(law, { numRuns: 200, seed: 1 });
});

test.each(["[", "{a: ", "- ", "? ", "a: ["])("%j without end is a diagnostic", (piece) => {
  const found = parse("a.yaml", piece.repeat(190_000 / piece.length));
  expect(E.isLeft(found) && found.left[0].code).toBe("E0108");
});

test("aliases of aliases end in a diagnostic, soon", () => {
  const bomb = [..."abcdefghij"].map((name, i, names) => {
    const items = Array(10).fill(i === 0 ? "x" : `*${names[i - 1]}`);
    return `${name}: &${name} [${items.join(", ")}]`;
  });
  const started = performance.now();
  const found = parse("a.yaml", bomb.join("\n"));
  expect(E.isLeft(found) && found.left.map((d) => d.code)).toEqual(["E0105"]);
  expect(performance.now() - started).toBeLessThan(1000);
});

describe("an override", () => {
  test("is a path and YAML", () => {
    const { path, key, value } = right(parseOverride("model.pyramid.bins=[1, 2]", 0));
    expect(path).toEqual(["model", "pyramid", "bins"]);
    expect(plain(value)).toEqual([1, 2]);
    expect([key.start, key.end]).toEqual([0, 18]);
    expect((value as Extract<Tree, { kind: "list" }>).items[1]!.span.start).toBe(23);
  });

  test("may hold further equals signs, and nothing", () => {
    expect(plain(right(parseOverride("data.root=a=b", 0)).value)).toBe("a=b");
    expect(plain(right(parseOverride("data.root=", 0)).value)).toBe(null);
  });
});
