/** The compiler in a thread of the page: a question enters, its answer leaves. */

import { Answers, type Files } from "../answers.js";
import { shipped } from "./shipped.js";

export interface Question {
  readonly id: number;
  readonly ask: Ask;
  readonly about: never;
}

export type Ask = Exclude<keyof Answers, "prototype">;

/** What each question takes, and what its answer is. */
export type About<K extends Ask> = Parameters<Answers[K]>[0];
export type Answer<K extends Ask> = ReturnType<Answers[K]>;

/** The first message: what the server was given besides the shipped specs. */
export interface Given {
  readonly files: Files;
}

let answers = new Answers(shipped);

self.onmessage = ({ data }: MessageEvent<Question | Given>) => {
  if ("files" in data) {
    answers = new Answers({ ...shipped, ...data.files });
    return;
  }
  const { id, ask, about } = data;
  try {
    self.postMessage({ id, answer: answers[ask](about) });
  } catch (error) {
    // Ours: the page says so, and goes on.
    self.postMessage({ id, failed: error instanceof Error ? error.message : String(error) });
  }
};
