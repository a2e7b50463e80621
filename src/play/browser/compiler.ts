/** The compiler in a thread of the page: a question enters, its answer leaves. */

import { answering } from "../../runtime/browser/thread.js";
import { Answers, type Files } from "../answers.js";
import type { Panel } from "../panels.js";
import { shipped, textOf } from "./shipped.js";

/** The first message: what the page opens, and the texts that it rests on besides the shipped specs. */
export interface Given {
  readonly name: string;
  readonly variant?: string;
  readonly files: Files;
  /** Of a link; otherwise that of the file. */
  readonly text?: string;
}

let answers = new Answers(shipped);

self.addEventListener("message", ({ data }: MessageEvent<Given | { readonly id: number }>) => {
  if (!("files" in data)) return;
  answers = new Answers({ ...shipped, ...data.files });
  // Before anybody asks: the answer is there when the editor is.
  answers.check({ name: data.name, text: textOf(data) });
});

const picturesOf = (answer: unknown): ArrayBuffer[] => {
  const { pictures = [] }: Partial<Panel> =
    typeof answer === "object" && answer !== null ? answer : {};
  return pictures.map(({ rgba }) => rgba.buffer);
};

answering(self, () => answers, picturesOf);
