/** The events that the documents promise to programs are those of the code, field by field. */

import { readFileSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";

/** A training's; the other verbs answer with one value. */
const elsewhere = ["scored", "predicted", "variant", "compared"];

const parsed = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);

const membersOf = (node: ts.Node): readonly ts.TypeElement[] =>
  ts.isTypeLiteralNode(node) || ts.isInterfaceDeclaration(node) ? [...node.members] : [];

/** Kinds of the union `Event`, each with the names of its other fields. */
const inCode = (): Map<string, readonly string[]> => {
  const [union] = parsed("src/run/event.ts")
    .statements.filter(ts.isTypeAliasDeclaration)
    .map(({ type }) => type)
    .filter(ts.isUnionTypeNode);
  return new Map(
    union!.types.map((one) => {
      const named = membersOf(one)
        .filter(ts.isPropertySignature)
        .map((member) => [member.name.getText(), member.type?.getText() ?? ""] as const);
      const kind = named.find(([name]) => name === "kind")![1].replaceAll('"', "");
      return [kind, named.map(([name]) => name).filter((name) => name !== "kind")];
    }),
  );
};

const failureFields = (): readonly string[] =>
  parsed("src/diagnostic/failure.ts")
    .statements.filter(ts.isInterfaceDeclaration)
    .flatMap((one) => membersOf(one).map((member) => member.name!.getText()))
    .filter((name) => name !== "kind");

/** Rows of the table of `--json`; what stands in parentheses explains a field. */
const inDocuments = (): Map<string, readonly string[]> => {
  const [, section] = readFileSync("docs/training.md", "utf8").split("## `--json`");
  const rows = [...section!.split("\n## ")[0]!.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)];
  return new Map(
    rows.map(([, kind, fields]) => {
      const named = fields!.replaceAll(/\([^)]*\)/g, "").split(":")[0]!;
      return [kind!, [...named.matchAll(/`(\w+)`/g)].map(([, name]) => name!)];
    }),
  );
};

test("the table of `train --json` has every event, with its fields", () => {
  const code = inCode();
  expect([...code.keys()]).toEqual(expect.arrayContaining(elsewhere));
  for (const kind of elsewhere) code.delete(kind);
  code.set("failed", failureFields()); // as the command line adds it
  const sorted = (table: Map<string, readonly string[]>) =>
    Object.fromEntries([...table].map(([kind, fields]) => [kind, [...fields].sort()]));
  expect(sorted(inDocuments())).toEqual(sorted(code));
});
