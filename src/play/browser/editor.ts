/** The editor of a spec: CodeMirror with the marks, hovers and completions of the compiler. */

import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  type KeyBinding,
  keymap,
  lineNumbers,
  showDialog,
  type Tooltip,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { At, Change, Mark, Text } from "../answers.js";
import { markdown } from "./markdown.js";
import { pageLink, showFile } from "./page.js";
import type { Compiler } from "./thread.js";

interface Wanted {
  readonly parent: HTMLElement;
  readonly thread: Compiler;
  /** For what takes long. */
  readonly patient: () => Compiler;
  readonly nameOf: () => string;
  readonly changed: () => void;
  /** Something that the page says. */
  readonly tell: (text: string) => void;
}

export const editorIn = (wanted: Wanted): EditorView => {
  const { parent, thread, nameOf, changed } = wanted;
  const text = (state: EditorState): Text => ({ name: nameOf(), text: state.doc.toString() });
  const state = EditorState.create({
    extensions: [
      lineNumbers(),
      history(),
      drawSelection(),
      highlightActiveLine(),
      yaml(),
      syntaxHighlighting(colours),
      lintGutter(),
      autocompletion({ override: [completing(thread, text)] }),
      hoverTooltip(hovering(wanted, text)),
      keymap.of(words(wanted, text)),
      keymap.of([...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.domEventHandlers({
        click: (event, view) => {
          if (!event.ctrlKey && !event.metaKey) return false;
          void define(wanted, text, view);
          return true;
        },
      }),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "the spec, in YAML", spellcheck: "false" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) changed();
      }),
      look,
    ],
  });
  return new EditorView({ state, parent });
};

export const textOf = (view: EditorView): string => view.state.doc.toString();

export const setText = (view: EditorView, text: string): void =>
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });

const severities = { error: "error", warning: "warning", note: "info" } as const;

/** Marks of the text as it is now. */
export const mark = (view: EditorView, marks: readonly Mark[]): void => {
  const end = view.state.doc.length;
  const found = marks.map(
    ({ from, to, severity, code, message, more, fixes }): Diagnostic => ({
      from: Math.min(from, end),
      to: Math.min(Math.max(to, from), end),
      severity: severities[severity],
      message: [message, ...more].join("\n"),
      renderMessage: () => {
        const whole = document.createElement("span");
        whole.append(pageLink(code), ` ${[message, ...more].join("\n")}`);
        return whole;
      },
      actions: fixes.map((fix) => ({ name: fix.title, apply: (of) => make(of, fix) })),
    }),
  );
  view.dispatch(setDiagnostics(view.state, found));
};

export const make = (view: EditorView, { edits }: { readonly edits: readonly Change[] }): void =>
  view.dispatch({ changes: [...edits].sort((a, b) => a.from - b.from) });

type TextOf = (state: EditorState) => Text;

const types: Readonly<Record<string, string>> = {
  key: "property",
  path: "property",
  word: "enum",
  class: "constant",
  file: "text",
};

const completing =
  (thread: Compiler, text: TextOf) =>
  async ({ state, pos, explicit }: CompletionContext): Promise<CompletionResult | null> => {
    const before = state.sliceDoc(Math.max(0, pos - 1), pos);
    if (!explicit && !/[\w.{[/ -]/.test(before)) return null;
    const items = await thread.ask("complete", { ...text(state), offset: pos });
    const [first] = items;
    if (first === undefined) return null;
    const options = items.map(
      ({ kind, label, detail, documentation, insert }, i): Completion => ({
        label,
        detail,
        type: types[kind] ?? "text",
        apply: insert,
        boost: -i / 1000,
        ...(documentation !== "" && { info: () => markdown(documentation) }),
      }),
    );
    return { from: first.replace.start, to: first.replace.end, options, validFor: /^[\w./-]*$/ };
  };

const hovering =
  ({ thread, patient }: Wanted, text: TextOf) =>
  async ({ state }: EditorView, pos: number): Promise<Tooltip | null> => {
    const asked = { ...text(state), offset: pos };
    const soon = await thread.ask("hover", { ...asked, canWait: false });
    const hover =
      soon === "long" ? await patient().ask("hover", { ...asked, canWait: true }) : soon;
    if (hover === undefined || hover === "long") return null;
    const { range } = hover;
    return {
      pos: range.start,
      end: range.end,
      above: true,
      create: () => ({ dom: markdown(hover.markdown) }),
    };
  };

/** What is asked of the word at the cursor. */
const words = (wanted: Wanted, text: TextOf): readonly KeyBinding[] => [
  { key: "F12", run: (view) => asking(define(wanted, text, view)) },
  { key: "F2", run: (view) => asking(rename(wanted, text, view)) },
];

const asking = (_: Promise<void>): true => true;

const atCursor = (text: TextOf, { state }: EditorView): At => ({
  ...text(state),
  offset: state.selection.main.head,
});

/** Goes there, or shows the file beside. */
const define = async ({ thread, tell }: Wanted, text: TextOf, view: EditorView): Promise<void> => {
  const asked = atCursor(text, view);
  const place = await thread.ask("definition", asked);
  if (place === undefined) return tell("no parent sets it");
  if (place.name !== asked.name) return showFile(place);
  view.dispatch({ selection: { anchor: place.from, head: place.to }, scrollIntoView: true });
};

const rename = async ({ thread, tell }: Wanted, text: TextOf, view: EditorView): Promise<void> => {
  const asked = atCursor(text, view);
  const word = await thread.ask("renamable", asked);
  if (word === undefined) return tell("only classes and variants can be renamed");
  const { result } = showDialog(view, {
    label: `another name for ${word}`,
    input: { value: word },
    submitLabel: "rename",
    focus: true,
  });
  const to = (await result)?.querySelector("input")?.value;
  view.focus();
  if (to === undefined || to === word) return;
  const renamed = await thread.ask("rename", { ...asked, to });
  if ("refused" in renamed) return tell(renamed.refused);
  if (text(view.state).text !== asked.text) return tell("the text has changed: rename it again");
  make(view, renamed);
};

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--key)" },
  { tag: tags.definition(tags.propertyName), color: "var(--key)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
  { tag: tags.string, color: "var(--string)" },
  {
    tag: [tags.punctuation, tags.separator, tags.squareBracket, tags.brace],
    color: "var(--quiet)",
  },
]);

const look = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--paper)", color: "var(--ink)" },
  ".cm-scroller": { fontFamily: "var(--mono)", fontSize: "0.86rem", lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "var(--wash)", color: "var(--quiet)", border: "none" },
  ".cm-activeLine": { backgroundColor: "var(--active)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--selected)" },
  ".cm-tooltip": {
    backgroundColor: "var(--wash)",
    color: "var(--ink)",
    border: "1px solid var(--line)",
    maxWidth: "min(34rem, 92vw)",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--paper)",
  },
  ".cm-diagnostic": { whiteSpace: "pre-wrap" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--paper)" },
});
