/** Unpacks the page's program and runs it; says so where the browser cannot. */

import { runPacked } from "../../runtime/browser/unpack.js";

runPacked("main").catch((error: unknown) => {
  const told = document.getElementById("problems");
  if (told !== null) told.textContent = `This browser is too old for the playground: ${error}`;
});
