/** Shows the little Markdown that hovers and pages of errors are written in: paragraphs, lists, strong words, code. */

export const markdown = (text: string): HTMLElement => {
  const whole = document.createElement("div");
  whole.className = "told";
  // A paragraph or more, a fence's words, its text, and so on.
  const parts = text.split(/^```\w*(.*)\n([\s\S]*?)^```$/m);
  for (let i = 0; i < parts.length; i += 3) {
    whole.append(...blocks(parts[i] ?? ""));
    if (i + 2 < parts.length) whole.append(fenced(parts[i + 1] ?? "", parts[i + 2] ?? ""));
  }
  return whole;
};

/** The words of a fence say whether its text fails or works. */
const fenced = (words: string, text: string): HTMLElement => {
  const figure = document.createElement("figure");
  figure.appendChild(document.createElement("figcaption")).textContent = words.trim();
  figure.appendChild(document.createElement("pre")).textContent = text;
  return figure;
};

const blocks = (text: string): readonly HTMLElement[] =>
  text
    .split(/\n\n+/)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const lines = block.split("\n");
      const isList = lines.every((line) => line.startsWith("- "));
      const element = document.createElement(isList ? "ul" : "p");
      for (const line of isList ? lines : [block]) {
        const target = isList ? element.appendChild(document.createElement("li")) : element;
        target.append(...inline(line.replace(/^- /, "")));
      }
      return element;
    });

const inline = (text: string): readonly (Node | string)[] =>
  text.split(/(\*\*[^*]+\*\*|`[^`]*`)/).map((piece) => {
    const isStrong = piece.startsWith("**");
    const isCode = piece.startsWith("`") && piece.length > 1;
    if (!isStrong && !isCode) return piece;
    const element = document.createElement(isStrong ? "strong" : "code");
    element.append(...(isStrong ? inline(piece.slice(2, -2)) : [piece.slice(1, -1)]));
    return element;
  });
