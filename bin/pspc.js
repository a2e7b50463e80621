#!/usr/bin/env node
// CommonJS, which Node loads without its pool of threads: their number is taken once, when the first is needed, and
// they decode the pictures.
const { existsSync } = require("node:fs");
const { availableParallelism } = require("node:os");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

const main = join(__dirname, "..", "dist", "cli", "main.js");
if (existsSync(main)) {
  import(pathToFileURL(main).href)
    .then(async ({ main: run }) => {
      process.exitCode = await run(process.argv.slice(2));
      // Whoever was stopped, or has lost another of its gang, waits for nothing that is still under way.
      if (process.exitCode === 130 || process.exitCode === 75) process.exit();
    })
    .catch((error) => {
      // The program's own files could not be opened: nothing of it is there to say so.
      if (error.code !== "EMFILE" && error.code !== "ENFILE") throw error;
      console.error("error: this process may not open as many files as it needs");
      console.error(" = help: Allow more: ulimit -n 1024.");
      process.exitCode = 1;
    });
} else {
  console.error("pspc is not set up yet: run `npm run setup` in its folder");
  process.exitCode = 1;
}
