/** Names that come from elsewhere (classes, variants, files, tensors) never command the terminal, whatever verb prints them. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { visible } from "../../src/diagnostic/text.js";
import { json, printable, table, text } from "../../src/report/format.js";
import { encodeSafetensors } from "../../src/weights/safetensors.js";
import { type Answer, pspc } from "./captured.js";

/** A colour, a title of the window, a bell, a C1 control sequence, a sign that turns the text around. */
const hostile = "\u001b[31m\u001b]0;owned\u0007\u009b2J\u202eevil";
/** Where a file system takes it. */
const file = `a${hostile}`;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pspc-hostile-"));
  const data = join(folder, `data${hostile}`);
  cpSync("test/golden/v0.1/data", data, { recursive: true });
  for (const split of ["train", "val"]) {
    const list = join(data, `${split}.txt`);
    const lines = readFileSync(list, "utf8").trim().split("\n");
    const [first = ""] = lines;
    const [image = "", label = ""] = first.split(" ");
    cpSync(join(data, image), join(data, `${split}${file}.png`));
    cpSync(join(data, label), join(data, `${split}${file}.label.png`));
    lines[0] = `${split}${file}.png ${split}${file}.label.png`;
    writeFileSync(list, `${lines.join("\n")}\n`);
  }
  const spec = readFileSync("test/golden/v0.1/squares.yaml", "utf8")
    .replace("root: data", `root: ${JSON.stringify(`data${hostile}`)}`)
    .replace("[ground, square]", `[ground, ${json(`=${hostile}`)}]`)
    .replace("iterations: 12", "iterations: 2")
    .replace("every: 6", "every: 1");
  writeFileSync(join(folder, "spec.yaml"), spec);
  writeFileSync(join(folder, `${file}.yaml`), spec);
  writeFileSync(join(folder, "wrong.yaml"), spec.replace("iterations", json(hostile)));
  const variant = spec.replace("fcn:", `${json(`v${hostile}`)}:`);
  writeFileSync(join(folder, "variant.yaml"), variant);
  mkdirSync(join(folder, "set", "images"), { recursive: true });
  const tensors = new Map([[hostile, { shape: [1], data: new Float32Array(1) }]]);
  writeFileSync(join(folder, "w.safetensors"), encodeSafetensors(tensors, { format: hostile }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything but line ends, and the styles that this program writes itself where there are colours. */
const commands = ({ out, err }: Answer, coloured: boolean): readonly string[] => {
  const own = ["0", "1", "2", "31", "32", "33", "34", "36"].map((code) => `\u001b[${code}m`);
  const both = `${out}${err}`.replaceAll("\r\n", "\n");
  const rest = (coloured ? own : []).reduce((text, style) => text.replaceAll(style, ""), both);
  return rest.match(/(?!\n)[\p{Cc}\u202A-\u202E\u2066-\u2069\uFDD0-\uFDEF]/gu) ?? [];
};

/** What is asked, and the exit code: a verb that fails early prints nothing that could be wrong. */
const asked: readonly (readonly [code: number, ...argv: string[]])[] = [
  [3, hostile],
  [1, "check", hostile],
  [3, "check", "spec.yaml", `--${hostile}`],
  [0, "check", "spec.yaml"],
  [0, "check", "spec.yaml", "--json"],
  [0, "check", `${file}.yaml`],
  [1, "check", "wrong.yaml"],
  [1, "check", "wrong.yaml", "--json"],
  [1, "check", "variant.yaml"],
  [1, "check", "spec.yaml", `train.${hostile}=1`],
  [0, "show", "spec.yaml"],
  [0, "show", "spec.yaml", "--json"],
  [0, "show", "--diff", `${file}.yaml`, `${file}.yaml#fcn`],
  [1, "fmt", "--check", `${file}.yaml`, "wrong.yaml"],
  [0, "plan", "spec.yaml"],
  [0, "plan", "--diff", `${file}.yaml`, "spec.yaml#fcn"],
  [1, "plan", "--diff", `${file}.json`, "spec.yaml"],
  [0, "compile", "spec.yaml", "--out", `out${hostile}`],
  [0, "init", `data${hostile}`],
  [1, "init", "set"],
  [3, "data", hostile],
  [0, "data", "check", "spec.yaml"],
  [1, "data", "check", "spec.yaml", "data.train=nowhere.txt"],
  [0, "data", "stats", "spec.yaml"],
  [0, "data", "stats", "spec.yaml", "--json"],
  [0, "data", "browse", "spec.yaml", "--count", "1", "--out", `browse${hostile}`],
  [1, "import", "w.safetensors", "spec.yaml"],
  [1, "import", "w.safetensors", "spec.yaml", "--json"],
  [1, "import", `${file}.npz`, "spec.yaml"],
  [3, "explain", hostile],
  [0, "train", "spec.yaml"],
  [0, "train", "spec.yaml", "--run", `run${hostile}`, "--json"],
  [0, "eval", `run${hostile}`],
  [0, "eval", `run${hostile}`, "--json"],
  [1, "predict", `run${hostile}`, `data${hostile}/train${file}.png`, hostile],
  [0, "export", `run${hostile}`, "--to", `${file}.safetensors`],
  [0, "compare", "spec.yaml"],
  [0, "compare", "spec.yaml", "--csv"],
  [0, "compare", "spec.yaml", "--markdown"],
  [1, "dash", hostile],
];

describe("names from elsewhere", () => {
  it.each(asked.map(([code, ...argv]) => [visible(argv.join(" ")), code, argv] as const))(
    "never command the terminal: %s",
    async (_, code, argv) => {
      const answer = await pspc(folder, ...argv);
      expect(commands(answer, false)).toEqual([]);
      expect(answer.code).toBe(code);
    },
  );

  const coloured = [
    ["check", `${file}.yaml`],
    ["check", "wrong.yaml"],
    ["data", "stats", "spec.yaml"],
    ["import", "w.safetensors", "spec.yaml"],
  ];
  it.each(coloured.map((argv) => [visible(argv.join(" ")), argv] as const))(
    "never command it where colours are on: %s",
    async (_, argv) => {
      process.env.FORCE_COLOR = "1";
      try {
        const answer = await pspc(folder, ...argv);
        expect(`${answer.out}${answer.err}`).toContain("evil");
        expect(commands(answer, true)).toEqual([]);
      } finally {
        delete process.env.FORCE_COLOR;
      }
    },
  );

  it("stand in the rows of a table as they are counted, and begin no line", () => {
    const drawn = table([text("a"), text("b")], [["x\nerror: forged", hostile]]);
    expect(drawn.split("\n")).toHaveLength(2);
    expect(printable(drawn, false)).toBe(
      `a                b\nx\uFFFDerror: forged  \uFFFD[31m\uFFFD]0;owned\uFFFD\uFFFD2J\uFFFDevil`,
    );
  });

  it("mean the same in JSON", () => {
    expect(JSON.parse(json({ [hostile]: hostile }))).toEqual({ [hostile]: hostile });
  });
});
