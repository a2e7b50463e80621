/** What the page of a network begins with: unpacks its program and runs it, or says that this browser cannot. */

import { unpacked } from "./unpack.js";
import { words } from "./words.js";

const start = async (): Promise<void> => {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await unpacked("program"));
  document.body.append(script);
};

document.addEventListener("DOMContentLoaded", () =>
  start().catch((error: unknown) => {
    const said = document.getElementById("said");
    if (said === null) return;
    said.textContent = "DecompressionStream" in window ? words.broken(error) : words.old;
    said.classList.add("wrong");
  }),
);
