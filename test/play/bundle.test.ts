/** Every pure room runs in a browser: all its files at once are bundled for one, and nothing of Node's is left in them. */

import { isBuiltin } from "node:module";
import { resolve } from "node:path";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import { rooms, sources } from "../house/sources.js";

const pure = rooms.slice(0, rooms.indexOf("file"));

test("all files of the pure rooms, the compiler, the editor and the playground are one bundle", async () => {
  const own = sources.filter(
    ({ path, room }) =>
      (pure as readonly string[]).includes(room) ||
      path === "compile.ts" ||
      ["editor", "play"].includes(room),
  );
  const files = own.filter(({ path }) => !/browser\//.test(path)).map(({ path }) => path);
  expect(files.length).toBeGreaterThan(120);
  const all = files.map(
    (path) => `export * as _${path.replace(/\W/g, "_")} from "./src/${path.replace(/ts$/, "js")}";`,
  );
  const entry = "\0all";
  const warnings: string[] = [];
  const build = await rolldown({
    input: entry,
    platform: "browser",
    resolve: { extensionAlias: { ".js": [".ts", ".js"] } },
    plugins: [
      {
        name: "all",
        resolveId: (id, from) =>
          id === entry ? id : from === entry ? resolve(id.replace(/js$/, "ts")) : null,
        load: (id) => (id === entry ? all.join("\n") : null),
      },
    ],
    onLog: (level, { message }) => {
      if (level === "warn") warnings.push(message);
    },
  });
  const { output } = await build.generate({ format: "esm", minify: true });
  await build.close();
  expect(warnings).toEqual([]);
  const [{ imports, moduleIds }] = output;
  expect(imports).toEqual([]);
  expect(moduleIds.filter((id) => isBuiltin(id))).toEqual([]);
});
