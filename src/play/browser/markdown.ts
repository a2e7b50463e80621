/** Shows the little Markdown that hovers and pages of errors are written in: paragraphs, lists, strong words, code. */

export const markdown = (text: string): HTMLElement => {
  const whole = document.createElement("div");
  whole.className = "told";
  text.split(/^```.*\n([\s\S]*?)^```$/m).forEach((part, i) => {
    if (i % 2 === 0) whole.append(...blocks(part));
    else whole.appendChild(document.createElement("pre")).textContent = part;
  });
  return whole;
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
