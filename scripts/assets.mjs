// @ts-check
/** The last step of `npm run build`: copies what a report's page is made of beside TypeScript, and removes what src/ no longer has. */

import { fileURLToPath } from "node:url";
import { copyAssets } from "./setup/dist.mjs";

copyAssets(fileURLToPath(new URL("..", import.meta.url)));
