/** Mistakes and remarks as a list below the editor, with their fixes: what its marks say, for those who see no marks. */

import type { EditorView } from "@codemirror/view";
import type { Mark } from "../answers.js";
import { make } from "./editor.js";
import { element, link, pageLink } from "./page.js";

/** In a list, for those who see no marks. */
export const tellProblems = (marks: readonly Mark[], view: EditorView): void => {
  const status = element("p", "status");
  const errors = marks.filter(({ severity }) => severity === "error").length;
  const many = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;
  status.textContent =
    marks.length === 0
      ? "no mistakes"
      : `${many(errors, "mistake")}${marks.length > errors ? `, ${many(marks.length - errors, "remark")}` : ""}`;
  status.dataset.severity = errors > 0 ? "error" : marks.length > 0 ? "warning" : "well";
  element("ol", "problems").replaceChildren(...marks.map((each) => told(each, view)));
};

const told = (each: Mark, view: EditorView): HTMLLIElement => {
  const item = document.createElement("li");
  item.className = each.severity;
  const place = link(`line ${each.line}`, () => {
    view.dispatch({ selection: { anchor: each.from }, scrollIntoView: true });
    view.focus();
  });
  const message = document.createElement("span");
  message.textContent = ` ${each.message} `;
  item.append(pageLink(each.code), ", ", place, message);
  for (const line of each.more) {
    const more = document.createElement("div");
    more.className = "more";
    more.textContent = line;
    item.append(more);
  }
  for (const fix of each.fixes) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = fix.title;
    button.onclick = () => make(view, fix);
    item.append(button, " ");
  }
  return item;
};
