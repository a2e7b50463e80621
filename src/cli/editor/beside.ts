/** Serves what stands beside a spec: costs and defaults between the lines, folding, and plans and comparisons on demand. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import * as E from "fp-ts/lib/Either.js";
import {
  type ClientCapabilities,
  type Connection,
  ResponseError,
  type ServerCapabilities,
} from "vscode-languageserver/node";
import { costs, isWeighed, learn } from "../../editor/consequences.js";
import type { Document } from "../../editor/document.js";
import { answerTo, costHint, defaultHints, foldsOf, lensesOf } from "../../editor/margin.js";
import type { Data, Experiment } from "../../normalize/experiment.js";
import { rangeIn } from "./protocol.js";
import type { Specs } from "./specs.js";
import type { Answered, Asked } from "./weigher.js";

const commands = { plan: "pspc.plan", compare: "pspc.compare" } as const;

export const abilities: ServerCapabilities = {
  inlayHintProvider: true,
  codeLensProvider: {},
  foldingRangeProvider: true,
  executeCommandProvider: { commands: Object.values(commands) },
};

/** @param showsDefaults whether maps tell what they leave to defaults. */
export const serveBeside = (
  connection: Connection,
  specs: Specs,
  scales: Scales,
  { workspace, window }: ClientCapabilities,
  showsDefaults: boolean,
): void => {
  const canRefresh = workspace?.inlayHint?.refreshSupport === true;
  let quiet: NodeJS.Timeout | undefined;
  /** When nobody types, and the editor is told to ask again. */
  const later = (experiment: Experiment): void => {
    clearTimeout(quiet);
    quiet = setTimeout(async () => {
      await scales.weigh(experiment, false);
      await connection.languages.inlayHint.refresh();
    }, QUIET_MS);
  };
  connection.languages.inlayHint.on(async ({ textDocument }) => {
    const document = specs.get(textDocument.uri);
    if (document === undefined) return null;
    const { result } = document.check;
    if (E.isRight(result) && costs.known(result.right.experiment) === undefined) {
      if (canRefresh) later(result.right.experiment);
      else await scales.weigh(result.right.experiment, false);
    }
    const { positionAt } = linesOf(document);
    const cost = costHint(document, costs.known);
    const all = [
      ...(cost === undefined ? [] : [cost]),
      ...(showsDefaults ? defaultHints(document) : []),
    ];
    return all.map(({ at, text: label, tooltip }) => ({
      position: positionAt(at),
      label,
      tooltip,
      paddingLeft: true,
    }));
  });
  connection.onFoldingRanges(({ textDocument }) => {
    const document = specs.get(textDocument.uri);
    if (document === undefined) return null;
    return foldsOf(document.text).map((range) => {
      const { start, end } = linesOf(document).rangeOf(range);
      return { startLine: start.line, endLine: end.line };
    });
  });
  connection.onCodeLens(({ textDocument: { uri } }) => {
    const document = specs.get(uri);
    if (document === undefined) return null;
    return lensesOf(document).map(({ at, kind, title, variant }) => ({
      range: linesOf(document).rangeOf(at),
      command: { title, command: commands[kind], arguments: [uri, variant] },
    }));
  });
  const shown = new Shown(connection, window?.showDocument?.support === true);
  connection.onExecuteCommand(({ command, arguments: [uri, variant] = [] }) => {
    const document = typeof uri === "string" ? specs.get(uri) : undefined;
    if (document === undefined) return null;
    const kind = command === commands.compare ? "compare" : "plan";
    const of = typeof variant === "string" ? variant : null;
    const answer = answerTo(specs.world, document, { kind, variant: of });
    // The code is LSP's RequestFailed: the request was right, and cannot be done.
    if (E.isLeft(answer)) return new ResponseError<void>(-32803, answer.left);
    shown.show(`${basename(document.name)}${hash(of)}.${kind}.txt`, answer.right);
    return answer.right;
  });
  connection.onShutdown(() => {
    clearTimeout(quiet);
    scales.stop();
    shown.remove();
  });
};

const hash = (variant: string | null): string => (variant === null ? "" : `#${variant}`);

const linesOf = ({ text }: Document) => {
  const rangeOf = rangeIn(text);
  return { rangeOf, positionAt: (at: number) => rangeOf({ start: at, end: at }).start };
};

const QUIET_MS = 300;

/** Weighs experiments, and counts classes, in a thread of its own. */
export class Scales {
  private thread: Worker | undefined;
  private readonly asked = new Map<number, Weighing>();
  private readonly counting = new Map<number, (pixels: readonly number[] | undefined) => void>();
  private last = 0;

  /** Done once what it costs is known, or cannot be found there. */
  weigh(experiment: Experiment, isWhole: boolean): Promise<void> {
    if (isWeighed(experiment, isWhole)) return Promise.resolve();
    const id = this.last++;
    return new Promise((done) => {
      this.asked.set(id, { experiment, done });
      this.running().postMessage({ id, experiment, isWhole } satisfies Asked);
    });
  }

  /** Pixels of each class of data that were checked. */
  count(data: Data): Promise<readonly number[] | undefined> {
    const id = this.last++;
    return new Promise((done) => {
      this.counting.set(id, done);
      this.running().postMessage({ id, data } satisfies Asked);
    });
  }

  private running(): Worker {
    if (this.thread !== undefined) return this.thread;
    const thread = new Worker(new URL("./weigher.js", import.meta.url));
    thread.unref();
    thread.on("message", ({ id, found, pixels }: Answered) => {
      const [weighing, counted] = [this.asked.get(id), this.counting.get(id)];
      this.asked.delete(id);
      this.counting.delete(id);
      counted?.(pixels);
      if (weighing === undefined || found === undefined) return;
      learn(weighing.experiment, found);
      weighing.done();
    });
    thread.on("error", () => this.stop());
    this.thread = thread;
    return thread;
  }

  stop(): void {
    void this.thread?.terminate();
    this.thread = undefined;
    for (const { done } of this.asked.values()) done();
    this.asked.clear();
    for (const done of this.counting.values()) done(undefined);
    this.counting.clear();
  }
}

interface Weighing {
  readonly experiment: Experiment;
  readonly done: () => void;
}

/** Texts that an editor opens as files of their own; where it cannot, they are its log's. */
class Shown {
  private folder: string | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly canOpen: boolean,
  ) {}

  show(name: string, text: string): void {
    if (!this.canOpen) {
      this.connection.console.info(text);
      return;
    }
    this.folder ??= mkdtempSync(join(tmpdir(), "pspc-lsp-"));
    const file = join(this.folder, name);
    writeFileSync(file, `${text}\n`);
    void this.connection.window.showDocument({ uri: pathToFileURL(file).href, takeFocus: true });
  }

  remove(): void {
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
  }
}
