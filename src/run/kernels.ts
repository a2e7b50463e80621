/** What `pspc tune` has measured on this machine: a device enters; the forms that were fastest there leave, or are kept. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { makeFolder, writeFileAtomic } from "../data/write.js";
import { type Form, isForm } from "../rewrite/forms.js";
import type { Kernels } from "../rewrite/kernels.js";
import type { Want } from "../runtime/library.js";
import { thisMachine } from "../runtime/machine.js";

/** Beside set-up's cache, a file a machine. */
export const tableFile = (machine: string): string => {
  const { PSPC_CACHE, XDG_CACHE_HOME } = process.env;
  const cache = PSPC_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "pspc");
  const key = createHash("sha256").update(machine).digest("hex").slice(0, 16);
  return join(cache, "kernels", `${key}.json`);
};

/** Of this machine: the forms that were measured, and guesses for all else. */
export const kernelsHere = (want: Want): Kernels => {
  const { name, ...machine } = thisMachine(want);
  return { machine, known: formsIn(tableFile(name)) };
};

/** With the forms that a run began with, so that it goes on in the same bits. */
export const asBegun = (
  run: { readonly kernels?: Kernels["known"] } | null,
  kernels: Kernels,
): Kernels => ({ ...kernels, known: { ...kernels.known, ...run?.kernels } });

/** Adds to what is known of this machine. @throws Failed where the file cannot be written. */
export const keepForms = async (want: Want, forms: Kernels["known"]): Promise<string> => {
  const { name } = thisMachine(want);
  const file = tableFile(name);
  makeFolder(dirname(file));
  const all = { ...formsIn(file), ...forms };
  await writeFileAtomic(file, `${JSON.stringify({ machine: name, forms: all }, null, 1)}\n`);
  return file;
};

/** Nothing where there is no such file, or a damaged one: a guess is always there. */
const formsIn = (file: string): Kernels["known"] => {
  if (!existsSync(file)) return {};
  try {
    const { forms } = JSON.parse(readFileSync(file, "utf8")) as { readonly forms?: object };
    const entries = Object.entries(forms ?? {}).filter(
      (entry): entry is [string, Form] => typeof entry[1] === "string" && isForm(entry[1]),
    );
    return Object.fromEntries(entries);
  } catch {
    return {};
  }
};
