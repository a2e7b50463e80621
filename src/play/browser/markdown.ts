/** Shows the little Markdown that hovers are written in: paragraphs, lists, strong words, code. */

export const markdown = (text: string): HTMLElement => {
  const whole = document.createElement("div");
  whole.className = "told";
  for (const block of text.split(/\n\n+/)) {
    const lines = block.split("\n");
    const isList = lines.every((line) => line.startsWith("- "));
    const element = document.createElement(isList ? "ul" : "p");
    for (const line of isList ? lines : [block]) {
      const target = isList ? element.appendChild(document.createElement("li")) : element;
      target.append(...inline(line.replace(/^- /, "")));
    }
    whole.append(element);
  }
  return whole;
};

const inline = (text: string): readonly (Node | string)[] =>
  text.split(/(\*\*[^*]+\*\*|`[^`]*`)/).map((piece) => {
    const isStrong = piece.startsWith("**");
    const isCode = piece.startsWith("`") && piece.length > 1;
    if (!isStrong && !isCode) return piece;
    const element = document.createElement(isStrong ? "strong" : "code");
    element.append(...(isStrong ? inline(piece.slice(2, -2)) : [piece.slice(1, -1)]));
    return element;
  });
