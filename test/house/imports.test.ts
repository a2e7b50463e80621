/** The import law: rooms in their order, and the few that may know the world. */

import { isBuiltin } from "node:module";
import { describe, expect, test } from "vitest";
import { rooms, type Source, source, sources } from "./sources.js";

const place = (room: string): number => (rooms as readonly string[]).indexOf(room);

/** Relative imports that lead to a room further down. */
const upward = ({ path, room, imports }: Source): string[] =>
  imports
    .filter(
      ({ target }) => target.endsWith(".ts") && place(target.split("/")[0] ?? "") > place(room),
    )
    .map(({ target }) => `${path} imports ${target}`);

const importing = (module: RegExp): string[] =>
  sources
    .filter(({ imports }) => imports.some(({ target }) => module.test(target)))
    .map(({ room }) => room);

describe("the import law", () => {
  test("every file is in a room of the house", () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(sources.filter(({ room }) => place(room) < 0).map(({ path }) => path)).toEqual([]);
  });

  test("a room imports only rooms above it", () => {
    expect(sources.flatMap(upward)).toEqual([]);
  });

  test("the law sees a breach", () => {
    const breach = source(
      "graph/op.ts",
      'import { loadTensorFlow } from "../runtime/library.js";\n',
    );
    expect(upward(breach)).toEqual(["graph/op.ts imports runtime/library.ts"]);
    const late = source("graph/op.ts", 'const l = await import("../runtime/library.js");\n');
    expect(upward(late)).toHaveLength(1);
  });

  test("only runtime/ imports TensorFlow.js", () => {
    expect(new Set(importing(/^@tensorflow\//))).toEqual(new Set(["runtime"]));
  });

  test("the compiler is pure: whatever it imports, it reaches nothing of Node's", () => {
    const begins = (path: string, room: string): boolean =>
      place(room) < place("file") || path === "compile.ts" || room === "editor";
    const reached = closure(sources.filter(({ path, room }) => begins(path, room)));
    expect(reached.length).toBeGreaterThan(100);
    const strange = ({ path, imports }: Source): string[] =>
      imports
        .filter(({ target, typeOnly }) => isBuiltin(target) && !typeOnly)
        .map(({ target }) => `${path} imports ${target}`);
    expect(reached.flatMap(strange)).toEqual([]);
    expect(
      strange(source("plan/a.ts", 'import { createHash } from "node:crypto";\n')),
    ).toHaveLength(1);
  });

  test("no file imports itself through others", () => {
    expect(cycles(sources)).toEqual([]);
  });
});

/** Files with all that they import when they run. */
function closure(files: readonly Source[]): readonly Source[] {
  const found = new Set(files);
  for (const { imports } of found)
    for (const { target, typeOnly } of imports) {
      const next = typeOnly ? undefined : sources.find(({ path }) => path === target);
      if (next !== undefined) found.add(next);
    }
  return [...found];
}

/** Cycles among imports that exist at run time. */
function cycles(files: readonly Source[]): string[] {
  const next = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter((i) => !i.typeOnly).map((i) => i.target),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(" → ")];
    if (done.has(path)) return [];
    done.add(path);
    return (next.get(path) ?? []).flatMap((target) => visit(target, [...trail, path]));
  };
  return files.flatMap(({ path }) => visit(path, []));
}
