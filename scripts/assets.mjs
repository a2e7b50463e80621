// @ts-check
/** The last step of `npm run build`: what a report's page is made of, beside TypeScript, goes to dist/ as it is. */

import { fileURLToPath } from "node:url";
import { copyAssets } from "./setup/dist.mjs";

copyAssets(fileURLToPath(new URL("..", import.meta.url)));
