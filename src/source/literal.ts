/** Finds which expression of a module wrote which part of its default export. */

import {
  type AnyNode,
  type ObjectExpression,
  type Program,
  parse,
  type SpreadElement,
} from "acorn";

/** A piece of the code, with its offsets. */
export type Expression = AnyNode;

export interface Property {
  readonly key: Expression;
  /** Missing where the value is not an expression of its own: behind a spread of something computed. */
  readonly value: Expression | undefined;
}

export interface Written {
  readonly root: Expression | undefined;
  readonly property: (of: Expression, name: string) => Property | undefined;
  readonly item: (of: Expression, index: number) => Expression | undefined;
}

/** Code that computes instead of writing out has fewer places, never wrong ones. */
export const writtenBy = (code: string): Written => {
  const program = parsed(code);
  const names = program === undefined ? new Map() : constants(program);
  const literal = (node: Expression): Expression => resolve(node, names, 0);
  return {
    root: program && exported(program),
    property: (of, name) => property(literal(of), name, literal),
    item: (of, index) => item(literal(of), index),
  };
};

const parsed = (code: string): Program | undefined => {
  try {
    return parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  } catch {
    // Syntax that the engine knows and acorn does not yet.
    return undefined;
  }
};

const exported = (program: Program): Expression | undefined =>
  program.body.find((s) => s.type === "ExportDefaultDeclaration")?.declaration;

type Names = ReadonlyMap<string, Expression>;

/** `const base = {…}` at the top level, exported or not. */
const constants = ({ body }: Program): Names => {
  const declarations = body.flatMap((s) => {
    const inner = s.type === "ExportNamedDeclaration" ? s.declaration : s;
    return inner?.type === "VariableDeclaration" && inner.kind === "const"
      ? inner.declarations
      : [];
  });
  return new Map(
    declarations.flatMap(({ id, init }) =>
      id.type === "Identifier" && init ? [[id.name, init] as const] : [],
    ),
  );
};

const MOST_NAMES = 32;

/** Through the names of constants, `await`, and `defineSpec(…)`. */
const resolve = (node: Expression, names: Names, depth: number): Expression => {
  const next = step(node, names);
  return next === undefined || depth > MOST_NAMES ? node : resolve(next, names, depth + 1);
};

const step = (node: Expression, names: Names): Expression | undefined => {
  if (node.type === "Identifier") return names.get(node.name);
  if (node.type === "AwaitExpression") return node.argument;
  const isDefine =
    node.type === "CallExpression" &&
    node.callee.type === "Identifier" &&
    node.callee.name === "defineSpec";
  return isDefine ? node.arguments[0] : undefined;
};

const isObject = (node: Expression): node is ObjectExpression => node.type === "ObjectExpression";

/** The last one counts, in what is spread too. */
const property = (
  node: Expression,
  name: string,
  literal: (node: Expression) => Expression,
): Property | undefined => {
  if (!isObject(node)) return undefined;
  for (const member of node.properties.toReversed()) {
    if (member.type === "SpreadElement") {
      const found = spread(member, name, literal);
      if (found !== undefined) return found;
    } else if (!member.computed && nameOf(member.key) === name) {
      return { key: member.key, value: member.value };
    }
  }
  return undefined;
};

const spread = (
  { argument }: SpreadElement,
  name: string,
  literal: (node: Expression) => Expression,
): Property | undefined => {
  const source = literal(argument);
  return isObject(source) ? property(source, name, literal) : undefined;
};

const nameOf = (node: Expression): string | undefined => {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : undefined;
};

/** Behind a spread nobody knows how many came before. */
const item = (list: Expression, index: number): Expression | undefined => {
  if (list.type !== "ArrayExpression") return undefined;
  const before = list.elements.slice(0, index + 1);
  return before.some((e) => e?.type === "SpreadElement") ? undefined : (before[index] ?? undefined);
};
