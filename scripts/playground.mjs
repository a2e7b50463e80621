// @ts-check
/** `npm run playground [FOLDER]`: writes the playground as a static page, `playground/index.html` otherwise. */

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { emit } from "./setup/dist.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = process.argv[2] ?? "playground";
await emit(root);
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, "dist/play/browser/play.html"), join(folder, "index.html"));
console.log(join(folder, "index.html"));
