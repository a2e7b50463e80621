/** Starts `pspc lsp` for the specs of a workspace. Everything else is the server's. */

import { commands, window, workspace } from "vscode";
import { LanguageClient } from "vscode-languageclient/node";

/** @type {LanguageClient | undefined} */
let client;

/** Each setting of package.json that is a flag of `pspc lsp`. */
const flags = { defaults: "--defaults", all: "--all", runCode: "--run-code" };

const begun = async () => {
  const settings = workspace.getConfiguration("pspc");
  const [command = "npx", ...words] = settings.get("command", []);
  const asked = Object.entries(flags).flatMap(([name, flag]) => (settings.get(name) ? [flag] : []));
  const cwd = workspace.workspaceFolders?.[0]?.uri.fsPath;
  const server = { command, args: [...words, "lsp", ...asked], options: cwd ? { cwd } : {} };
  client = new LanguageClient("pspc", "pspc", server, {
    documentSelector: [{ language: "yaml" }, { language: "json", pattern: "**/*.json" }],
  });
  try {
    await client.start();
  } catch (error) {
    const told = `pspc lsp did not start (${error}). Is pspc installed in this workspace? The setting pspc.command names another program.`;
    void window.showErrorMessage(told);
  }
};

const ended = async () => {
  const last = client;
  client = undefined;
  if (last?.isRunning()) await last.stop();
};

/** @param {import("vscode").ExtensionContext} context */
export const activate = async ({ subscriptions }) => {
  const again = async () => {
    await ended();
    await begun();
  };
  subscriptions.push(
    commands.registerCommand("pspc.restart", again),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("pspc")) void again();
    }),
  );
  await begun();
};

export const deactivate = ended;
