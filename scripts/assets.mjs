// @ts-check
/** The last step of `npm run build`: copies what a report's page is made of beside TypeScript, makes the pages, and removes what src/ no longer has. */

import { fileURLToPath } from "node:url";
import { finishBuild } from "./setup/dist.mjs";

await finishBuild(fileURLToPath(new URL("..", import.meta.url)));
