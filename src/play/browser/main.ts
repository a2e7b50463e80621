/** The playground: a spec on the left, what the compiler makes of it on the right. */

import type { EditorView } from "@codemirror/view";
import type { PanelName } from "../panels.js";
import { editorIn, mark, setText, textOf } from "./editor.js";
import { element } from "./page.js";
import { tellProblems } from "./problems.js";
import { fragmentOf } from "./share.js";
import { textOf as openedText, shipped } from "./shipped.js";
import type {} from "./start.js";
import { type Compiler, compilerOf } from "./thread.js";

const DELAY_MS = 120;

const begin = async (): Promise<void> => {
  const { given, program, compiler } = await window.opening;
  const files = { ...shipped, ...given.files };
  // What takes long must not keep marks and completions waiting.
  const slow = () => compilerOf(program, given);
  const page = new Page(compiler, slow, given.name, given.variant ?? "");
  page.open(given.name, openedText(given));
  page.offer(
    Object.keys(files).filter((name) => !name.startsWith("/specs/base/")),
    files,
  );
};

class Page {
  private readonly view: EditorView;
  private readonly status = element("p", "status");
  private readonly panel = element("div", "panel");
  private readonly variant = element("select", "variant");
  private shown: PanelName = "network";
  private chosen: string | undefined;
  private timer = 0;
  private typed = 0;
  private asked = 0;
  private drawing = false;
  private again = false;
  private slow: Compiler | undefined;

  constructor(
    private readonly quick: Compiler,
    private readonly start: () => Compiler,
    public name: string,
    private wanted: string,
  ) {
    this.view = editorIn({
      parent: element("div", "editor"),
      thread: quick,
      patient: () => this.patient(),
      nameOf: () => this.name,
      changed: () => this.soon(),
      tell: (text) => this.tell(text),
    });
    this.variant.onchange = () => void this.draw();
    element("button", "share").onclick = () => void this.share();
    element("button", "format").onclick = () => void this.format();
    element("button", "theme").onclick = () => this.turnTheme();
    this.serveTabs();
    this.panel.onclick = ({ target }) => this.choose(target);
    this.panel.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      if (this.choose(event.target)) event.preventDefault();
    };
    this.panel.onchange = ({ target }) => {
      if (target instanceof HTMLSelectElement && target.id === "layer") this.see(target.value);
    };
  }

  offer(names: readonly string[], files: Readonly<Record<string, string>>): void {
    const examples = element("select", "examples");
    for (const name of names) examples.add(new Option(name.replace("/specs/", ""), name));
    examples.value = this.name;
    examples.onchange = () => this.open(examples.value, files[examples.value] ?? "");
  }

  open(name: string, text: string): void {
    this.name = name;
    this.chosen = undefined;
    setText(this.view, text);
  }

  /** Once the typing pauses. */
  private soon(): void {
    clearTimeout(this.timer);
    this.typed = performance.now();
    this.timer = window.setTimeout(() => void this.check(), this.timer === 0 ? 0 : DELAY_MS);
  }

  private async check(): Promise<void> {
    const text = textOf(this.view);
    const { marks, variants, isRight } = await this.quick.ask("check", { name: this.name, text });
    if (text !== textOf(this.view)) return;
    mark(this.view, marks);
    tellProblems(marks, this.view);
    this.offerVariants(variants);
    document.body.dataset.checked = String(this.asked++);
    if (isRight) void this.draw();
    else this.panel.classList.add("old");
  }

  private offerVariants(names: readonly string[]): void {
    const before = this.wanted === "" ? this.variant.value : this.wanted;
    this.wanted = "";
    this.variant.replaceChildren(new Option("the spec itself", ""));
    for (const name of names) this.variant.add(new Option(name, name));
    this.variant.value = names.includes(before) ? before : "";
    this.variant.disabled = names.length === 0;
  }

  /** One at a time; what was asked meanwhile is asked once it is there. */
  private async draw(): Promise<void> {
    if (this.drawing) {
      this.again = true;
      return;
    }
    this.drawing = true;
    this.panel.setAttribute("aria-busy", "true");
    const asked = {
      name: this.name,
      text: textOf(this.view),
      panel: this.shown,
      variant: this.variant.value === "" ? null : this.variant.value,
      chosen: this.chosen,
    };
    try {
      const found = await this.patient().ask("panel", asked);
      await this.pause();
      if (found !== undefined && asked.panel === this.shown) this.show(found.html, found.pictures);
      this.panel.classList.toggle("old", found === undefined);
    } catch (error) {
      this.panel.textContent = `The panel could not be made: ${error}`;
    }
    this.drawing = false;
    this.panel.removeAttribute("aria-busy");
    if (!this.again) return;
    this.again = false;
    void this.draw();
  }

  private patient(): Compiler {
    this.slow ??= this.start();
    return this.slow;
  }

  /** Until nobody types: a panel can be large, and a key must not wait for it. */
  private async pause(): Promise<void> {
    for (let rest = 1; rest > 0; ) {
      rest = this.typed + DELAY_MS - performance.now();
      if (rest > 0) await new Promise((done) => setTimeout(done, rest));
    }
  }

  private tell(text: string): void {
    this.status.textContent = text;
  }

  private show(
    html: string,
    pictures: readonly { height: number; width: number; rgba: Uint8ClampedArray<ArrayBuffer> }[],
  ): void {
    const focused = document.activeElement?.getAttribute("data-layer");
    const scrolled = this.panel.querySelector(".wide")?.scrollLeft ?? 0;
    this.panel.innerHTML = html;
    this.panel.dataset.panel = this.shown;
    const wide = this.panel.querySelector(".wide");
    if (wide !== null) wide.scrollLeft = scrolled;
    const canvases = this.panel.querySelectorAll("canvas");
    pictures.forEach(({ rgba, width, height }, i) => {
      canvases[i]?.getContext("2d")?.putImageData(new ImageData(rgba, width, height), 0, 0);
    });
    if (focused) this.panel.querySelector<SVGElement>(`[data-layer="${focused}"]`)?.focus();
    const save = this.panel.querySelector<HTMLButtonElement>("#save");
    if (save !== null) save.onclick = () => this.save();
  }

  private choose(target: EventTarget | null): boolean {
    const part = target instanceof Element ? target.closest("[data-layer]") : null;
    if (part === null) return false;
    this.see(part.getAttribute("data-layer") ?? "");
    return true;
  }

  private see(layer: string): void {
    this.chosen = layer;
    void this.draw();
  }

  /** The drawing as a file: it has its ink in it, on white. */
  private save(): void {
    const svg = this.panel.querySelector(".wide svg")?.cloneNode(true);
    if (!(svg instanceof SVGElement)) return;
    svg.setAttribute("color", "#1a1c1f");
    svg.insertAdjacentHTML("afterbegin", '<rect width="100%" height="100%" fill="#ffffff"/>');
    const link = document.createElement("a");
    const text = new XMLSerializer().serializeToString(svg);
    link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    link.download = `${this.name.replace(/^.*\//, "").replace(/\.ya?ml$/, "")}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  private async share(): Promise<void> {
    history.replaceState(null, "", await fragmentOf(textOf(this.view)));
    const said = await navigator.clipboard?.writeText(location.href).then(
      () => "the link is in the clipboard",
      () => "the link is in the address bar",
    );
    this.status.textContent = said ?? "the link is in the address bar";
  }

  private async format(): Promise<void> {
    const text = textOf(this.view);
    const better = await this.quick.ask("format", { name: this.name, text });
    if (better !== text && text === textOf(this.view)) setText(this.view, better);
  }

  private turnTheme(): void {
    const root = document.documentElement;
    const isDark =
      root.dataset.theme === undefined
        ? matchMedia("(prefers-color-scheme: dark)").matches
        : root.dataset.theme === "dark";
    root.dataset.theme = isDark ? "light" : "dark";
  }

  /** Tabs as screen readers know them: one is reached by Tab, the others by the arrows. */
  private serveTabs(): void {
    const tabs = [...document.querySelectorAll<HTMLButtonElement>('[role="tab"]')];
    const select = (tab: HTMLButtonElement): void => {
      for (const each of tabs) {
        each.setAttribute("aria-selected", String(each === tab));
        each.tabIndex = each === tab ? 0 : -1;
      }
      this.shown = tab.dataset.panel as PanelName;
      this.panel.setAttribute("aria-labelledby", tab.id);
      void this.draw();
    };
    tabs.forEach((tab, i) => {
      tab.onclick = () => select(tab);
      tab.onkeydown = ({ key }) => {
        const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
        const next = by === undefined ? undefined : tabs.at((i + by) % tabs.length);
        if (next === undefined) return;
        select(next);
        next.focus();
      };
    });
  }
}

begin().catch((error: unknown) => {
  element("p", "status").textContent = `The playground could not start: ${error}`;
});
