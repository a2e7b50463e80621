/** The card of an export (run/card.ts) as elements: the few forms of Markdown that it has. */

const element = (tag: string, content: readonly (Node | string)[] = []): HTMLElement => {
  const made = document.createElement(tag);
  made.append(...content);
  return made;
};

/** `code` between backquotes, and text. */
const inline = (text: string): readonly (Node | string)[] =>
  text.split("`").map((part, i) => (i % 2 === 1 ? element("code", [part]) : part));

const cells = (line: string): readonly string[] =>
  line
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());

const table = (lines: readonly string[]): HTMLElement => {
  const [head = "", , ...rows] = lines;
  const row = (line: string, tag: string) =>
    element(
      "tr",
      cells(line).map((cell) => element(tag, inline(cell))),
    );
  const body = element(
    "tbody",
    rows.map((line) => row(line, "td")),
  );
  const whole = element("table", [element("thead", [row(head, "th")]), body]);
  const scroll = element("div", [whole]);
  scroll.className = "scroll";
  return scroll;
};

const block = (lines: readonly string[]): HTMLElement => {
  const [first = ""] = lines;
  if (first.startsWith("## ")) return element("h3", [first.slice(3)]);
  if (first.startsWith("|")) return table(lines);
  if (first.startsWith("```")) return element("pre", [lines.slice(1, -1).join("\n")]);
  if (/^\d+\. /.test(first)) {
    const list = element(
      "ol",
      lines.map((line) => element("li", inline(line.replace(/^\d+\. /, "")))),
    );
    list.setAttribute("start", String(Number.parseInt(first, 10)));
    return list;
  }
  return element("p", inline(lines.join(" ")));
};

/** Without the metadata of hubs and the title. */
export const cardElements = (markdown: string): readonly HTMLElement[] => {
  const text = markdown.replace(/^---\n[\s\S]*?\n---\n/, "").replace(/^\s*# .*\n/, "");
  return text
    .replace(/^(## .*)$/gm, "$1\n")
    .replace(/(\n```)\n(?!\n)/g, "$1\n\n")
    .split(/\n{2,}/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => block(part.split("\n")));
};
