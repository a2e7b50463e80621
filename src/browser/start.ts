/** What the page of a network begins with: unpacks its program and runs it, or says that this browser cannot. */

import { run, unpacked } from "../runtime/browser/unpack.js";
import { words } from "./words.js";

const start = async (): Promise<void> => run(await unpacked("program"));

document.addEventListener("DOMContentLoaded", () =>
  start().catch((error: unknown) => {
    const said = document.getElementById("said");
    if (said === null) return;
    said.textContent = "DecompressionStream" in window ? words.broken(error) : words.old;
    said.classList.add("wrong");
  }),
);
