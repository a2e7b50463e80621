/** The compiler in a thread of the page: a question enters, its answer leaves. */

import { answering } from "../../runtime/browser/thread.js";
import { Answers, type Files } from "../answers.js";
import { shipped } from "./shipped.js";

let answers = new Answers(shipped);

/** The first message: what the server was given besides the shipped specs. */
self.addEventListener("message", ({ data }: MessageEvent<{ readonly files?: Files }>) => {
  if (data.files !== undefined) answers = new Answers({ ...shipped, ...data.files });
});
answering(self, () => answers);
