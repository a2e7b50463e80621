// @ts-check
/** Writes docs/licences.md: every package that pspc runs on, with its licence, as package-lock.json has them (`npm run licences`). */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** @typedef {{ version?: string, license?: string, dev?: boolean, link?: boolean }} Locked */

/** @param {{ packages: Record<string, Locked> }} lock a whole package-lock.json @returns {string} the page */
export function licences({ packages }) {
  const rows = Object.entries(packages).flatMap(([path, { version, license, dev, link }]) => {
    const name = path.replace(/^.*node_modules\//, "");
    return path === "" || dev || link ? [] : [`| ${name} | ${version} | ${license ?? "?"} |`];
  });
  return `# Licences

pspc is under Apache-2.0. It runs on these packages, as \`package-lock.json\` names them; made by \`npm run licences\`. Which of \`@img/…\` are installed depends on the machine: sharp's binaries hold libvips, under LGPL-3.0-or-later, as a shared library. h5wasm holds HDF5, under its own licence of BSD's kind.

Set-up fetches TensorFlow's library (Apache-2.0), and where a GPU is used NVIDIA's CUDA libraries (NVIDIA's own licence); neither is part of the package.

| package | version | licence |
| --- | --- | --- |
${[...new Set(rows)].sort().join("\n")}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(
    "docs/licences.md",
    licences(JSON.parse(readFileSync("package-lock.json", "utf8"))),
  );
