// @ts-check
/**
 * Whether the language server stays fast and small: `npm run bench:editor [EDITS]` types 10,000 keystrokes into the
 * 269-layer spec, asks for hovers, completions and hints on the way, and says how long the answers took and how the
 * process grew after its first fifth. Fails above 32 MB.
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import { quantile } from "./statistics.mjs";

const edits = Number(process.argv[2] ?? 10_000);
const allowed = 32e6;
const file = resolve("specs/pspnet269-ade20k.yaml");
const uri = pathToFileURL(file).href;
const text = `${readFileSync(file, "utf8")}train:\n  batch: 16\n`;
const words = ["--expose-gc", resolve("bin/pspc.js"), "lsp", "--defaults"];
const server = spawn(process.execPath, words, { stdio: ["pipe", "pipe", "inherit"] });
const connection = createMessageConnection(
  new StreamMessageReader(server.stdout),
  new StreamMessageWriter(server.stdin),
);
/** @type {(version: number) => void} */
let told = () => {};
connection.onNotification(
  "textDocument/publishDiagnostics",
  (/** @type {{ version: number }} */ published) => told(published.version),
);
connection.onRequest("workspace/inlayHint/refresh", () => null);
connection.listen();

/** @returns {number} resident bytes of the server */
const resident = () => {
  const [, kib = "0"] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
  return 1024 * Number(kib);
};

/** What is typed behind the spec, a key at a time, and taken away again. */
const typed =
  "  crop: 713\n  seed: 3\n  augment: [mirror, {scale: [0.5, 2]}]\nvariants: {a: {train.batch: 8}}\n";

/** @param {number} i @returns {string} */
const textAt = (i) => {
  const n = i % (2 * typed.length);
  return text + typed.slice(0, n <= typed.length ? n : 2 * typed.length - n);
};

await connection.sendRequest("initialize", {
  processId: process.pid,
  rootUri: null,
  capabilities: { workspace: { inlayHint: { refreshSupport: true } } },
});
await connection.sendNotification("initialized", {});
const opened = performance.now();
const first = new Promise((done) => {
  told = done;
});
const document = { uri, languageId: "yaml", version: 1, text: textAt(0) };
await connection.sendNotification("textDocument/didOpen", { textDocument: document });
await first;
console.log(`opened in ${(performance.now() - opened).toFixed(0)} ms`);

const [times, sizes] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
const range = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
const asked = ["hover", "completion", "inlayHint", "codeLens", "foldingRange", "documentSymbol"];
for (let i = 1; i <= edits; i++) {
  const started = performance.now();
  const answered = new Promise((done) => {
    told = (version) => version === i + 1 && done(undefined);
  });
  await connection.sendNotification("textDocument/didChange", {
    textDocument: { uri, version: i + 1 },
    contentChanges: [{ text: textAt(i) }],
  });
  await answered;
  times.push(performance.now() - started);
  const position = { line: 4 + (i % 12), character: 4 };
  const method = `textDocument/${asked[i % asked.length]}`;
  await connection.sendRequest(method, { textDocument: { uri }, position, range });
  if (i % Math.ceil(edits / 10) === 0) {
    sizes.push(resident());
    console.log(`${i} edits: ${((sizes.at(-1) ?? 0) / 1e6).toFixed(0)} MB`);
  }
}
await connection.sendRequest("shutdown");
await connection.sendNotification("exit");
const share = (/** @type {number} */ of) => quantile(times, of).toFixed(1);
console.log(
  `a keystroke: median ${share(0.5)} ms, 95% within ${share(0.95)} ms, 99% within ${share(0.99)} ms, longest ${share(1)} ms`,
);
const grown = Math.max(...sizes.slice(2)) - Math.max(...sizes.slice(0, 2));
console.log(`grew by ${(grown / 1e6).toFixed(1)} MB after the first fifth`);
if (grown > allowed) process.exitCode = 1;
