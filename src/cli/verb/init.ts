/** `init`: a dataset folder enters; a commented spec leaves, to begin with. */

import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { command, positional, string } from "cmd-ts";
import { writeFileAtomic } from "../../data/write.js";
import { Failed } from "../../diagnostic/failure.js";
import { textOption } from "../arguments.js";
import { specExists } from "../errors.js";
import { exit } from "../exit.js";
import { firstSpec } from "../first-spec.js";
import { survey } from "../survey.js";
import { print } from "../terminal.js";
import { verb } from "../verb.js";

export const run = verb((terminal) =>
  command({
    name: "init",
    description:
      "Recognises a dataset folder (lists, VOC, Cityscapes, ADE20K, two folders); writes a spec.",
    args: {
      folder: positional({ type: string, displayName: "FOLDER" }),
      out: textOption("out", "FILE", "where the spec goes; it is printed otherwise"),
    },
    handler: async ({ folder, out }) => {
      const root = resolve(folder);
      const file = out === undefined ? undefined : resolve(out);
      if (file !== undefined && existsSync(file)) throw new Failed(specExists(file));
      const found = await survey(root);
      const base = file === undefined ? process.cwd() : dirname(file);
      const schema = fileURLToPath(new URL("../../../schema/pspc.schema.json", import.meta.url));
      const text = firstSpec(relative(base, found.root) || ".", relative(base, schema), found);
      if (file === undefined || out === undefined) print(terminal, text);
      else {
        await writeFileAtomic(file, text);
        print(terminal, out);
      }
      return exit.ok;
    },
  }),
);
