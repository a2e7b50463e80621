// @ts-check
/**
 * Packs the VS Code extension (`npm run vscode [FILE]`): bundles editors/vscode/extension.js with what it imports, and
 * writes the listed files as a .vsix, which `code --install-extension FILE` takes.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import zlib from "node:zlib";
import { Stop } from "./setup/stop.mjs";

const folder = fileURLToPath(new URL("../editors/vscode", import.meta.url));

/** What the extension holds besides its program. */
const listed = ["package.json", "README.md", "LICENSE"];

/** @typedef {{ readonly name: string, readonly bytes: Buffer }} Member */

/** One file for VS Code's Node. @returns {Promise<Buffer>} @throws Stop */
export async function bundled() {
  if (!existsSync(join(folder, "node_modules/vscode-languageclient")))
    throw new Stop("the extension's packages are not installed", {
      help: "Run `npm ci --ignore-scripts` in editors/vscode.",
    });
  const { rolldown } = await import("rolldown");
  const input = join(folder, "extension.js");
  const build = await rolldown({ input, cwd: folder, platform: "node", external: ["vscode"] });
  const { output } = await build.generate({ format: "cjs", minify: true });
  await build.close();
  return Buffer.from(output[0].code);
}

/** @param {Buffer} program @returns {Member[]} the files of a .vsix, in its order */
export function members(program) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  // What is bundled is not installed once more.
  const { dependencies: _, ...own } = manifest;
  return [
    { name: "[Content_Types].xml", bytes: Buffer.from(contentTypes) },
    { name: "extension.vsixmanifest", bytes: Buffer.from(vsixManifest(manifest)) },
    { name: "extension/extension.cjs", bytes: program },
    ...listed.map((name) => ({
      name: `extension/${name}`,
      bytes:
        name === "package.json"
          ? Buffer.from(`${JSON.stringify(own, null, 2)}\n`)
          : readFileSync(join(folder, name)),
    })),
  ];
}

const contentTypes = `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension=".json" ContentType="application/json"/><Default Extension=".cjs" ContentType="application/javascript"/><Default Extension=".md" ContentType="text/markdown"/><Default Extension=".vsixmanifest" ContentType="text/xml"/><Override PartName="/extension/LICENSE" ContentType="text/plain"/></Types>
`;

/** @param {Record<string, any>} manifest */
const vsixManifest = ({
  name,
  publisher,
  version,
  displayName,
  description,
  engines,
  categories,
}) =>
  `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
<Metadata><Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}"/><DisplayName>${displayName}</DisplayName><Description xml:space="preserve">${description}</Description><Categories>${categories.join(",")}</Categories><Properties><Property Id="Microsoft.VisualStudio.Code.Engine" Value="${engines.vscode}"/><Property Id="Microsoft.VisualStudio.Code.ExtensionKind" Value="workspace"/></Properties><License>extension/LICENSE</License></Metadata>
<Installation><InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation>
<Dependencies/>
<Assets><Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json" Addressable="true"/><Asset Type="Microsoft.VisualStudio.Services.Content.Details" Path="extension/README.md" Addressable="true"/></Assets>
</PackageManifest>
`;

/** An archive of 1980, so that the same files make the same bytes. @param {readonly Member[]} files */
export function zipped(files) {
  /** @type {Buffer[]} */
  const parts = [];
  /** @type {Buffer[]} */
  const directory = [];
  let offset = 0;
  for (const { name, bytes } of files) {
    const packed = zlib.deflateRawSync(bytes, { level: 9 });
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    // Version 2.0, deflated, 1980-01-01.
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt16LE(33, 8);
    common.writeUInt32LE(zlib.crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), common, place, path);
    const local = [Buffer.from("PK\x03\x04", "latin1"), common, path, packed];
    parts.push(...local);
    offset += local.reduce((sum, { length }) => sum + length, 0);
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, index, end]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const file = process.argv[2] ?? "pspc.vsix";
  try {
    writeFileSync(file, zipped(members(await bundled())));
    console.log(file);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    console.error(`error: ${error.message}\n = help: ${error.help ?? ""}`);
    process.exitCode = 1;
  }
}
