/** What the page has: its elements, links, and the dialog in which errors' pages and other files are read. */

import { unpacked } from "../../runtime/browser/unpack.js";
import type { Place } from "../answers.js";
import { markdown } from "./markdown.js";

/** Of the page itself, which has it. */
export const element = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  id: string,
): HTMLElementTagNameMap[K] => {
  const found = document.querySelector(`${tag}#${id}`);
  if (found === null) throw new Error(`the page has no ${tag} #${id}`);
  return found as HTMLElementTagNameMap[K];
};

export const link = (text: string, follow: () => void): HTMLButtonElement => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "place";
  button.textContent = text;
  button.onclick = follow;
  return button;
};

/** Of a mistake's code, to its page. */
export const pageLink = (code: string): HTMLButtonElement => {
  const button = link(code, () => void showPage(code));
  button.title = `what ${code} means`;
  return button;
};

let pages: Promise<Readonly<Record<string, string>>> | undefined;

/** Of a diagnostic's code. */
export const showPage = async (code: string): Promise<void> => {
  pages ??= unpacked("pages").then((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
  const text = (await pages)[code] ?? "";
  show(/^# (.*)/.exec(text)?.[1] ?? code, markdown(text.replace(/^# .*\n/, "")));
};

/** Another file, at a place. */
export const showFile = ({ name, text, from, to }: Place): void => {
  const whole = document.createElement("pre");
  const found = document.createElement("mark");
  found.textContent = text.slice(from, to);
  whole.append(text.slice(0, from), found, text.slice(to));
  show(name.replace("/specs/", ""), whole);
  found.scrollIntoView({ block: "center" });
};

const show = (title: string, content: HTMLElement): void => {
  const dialog = element("dialog", "beside");
  element("h2", "beside-title").textContent = title;
  // What scrolls must be reached by keys.
  content.tabIndex = 0;
  element("div", "beside-text").replaceChildren(content);
  element("button", "beside-close").onclick = () => dialog.close();
  if (!dialog.open) dialog.showModal();
};
