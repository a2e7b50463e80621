/** What the page of a network begins with: unpacks its program and runs it, or says that this browser cannot. */

import { runPacked } from "../runtime/browser/unpack.js";
import { words } from "./words.js";

document.addEventListener("DOMContentLoaded", () =>
  runPacked("program").catch((error: unknown) => {
    const said = document.getElementById("said");
    if (said === null) return;
    said.textContent = "DecompressionStream" in window ? words.broken(error) : words.old;
    said.classList.add("wrong");
  }),
);
