/** A process in which exported networks run: questions come as messages, and each answer goes back as one. */

import type { EngineName, Question, Said } from "../exported.js";
import { AbsentRuntime, type Engine, type Loaded } from "./engine.js";
import { onnxRuntime } from "./onnxruntime.js";
import { wasm } from "./wasm.js";

const engines: Readonly<Record<EngineName, Engine>> = { wasm, onnx: onnxRuntime };

/** The last one stays: many questions are about one network. */
let kept: { readonly path: string; readonly network: Promise<Loaded> } | null = null;

const networkAt = (engine: EngineName, path: string): Promise<Loaded> => {
  if (kept?.path !== path) kept = { path, network: engines[engine](path) };
  return kept.network;
};

const answer = async (engine: EngineName, question: Question): Promise<Said> => {
  const { path, calls, results } = question;
  const network = await networkAt(engine, path);
  const told = [];
  for (const call of calls) {
    const start = performance.now();
    const given = await network.ask(call, results);
    told.push({ given, milliseconds: performance.now() - start });
  }
  return {
    kind: "told",
    runtime: network.runtime,
    answers: told.map(({ given }) => given),
    milliseconds: told.map(({ milliseconds }) => milliseconds),
  };
};

const failed = (error: unknown): Said =>
  error instanceof AbsentRuntime
    ? { kind: "absent", reason: error.message }
    : { kind: "failed", reason: error instanceof Error ? error.message : String(error) };

process.on(
  "message",
  ({ engine, question }: { readonly engine: EngineName; readonly question: Question }) => {
    answer(engine, question)
      .catch(failed)
      .then((said) => process.send?.(said));
  },
);
