/** JavaScript's memory, lent to TensorFlow's tensors: what another thread forgets is forgotten by JavaScript's. */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { tfjsFolder } from "../../src/runtime/tfjs.js";

/** Node-API as far as it is needed: it counts what is alive, and what another thread asks of it. */
const nodeApi = `
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
struct napi_env__; struct napi_value__; struct napi_ref__;
using napi_env = napi_env__*; using napi_value = napi_value__*; using napi_ref = napi_ref__*;
enum napi_status { napi_ok };
inline std::thread::id owner = std::this_thread::get_id();
inline std::atomic<int> alive{0}, wrong{0};
inline void (*hook)(void*) = nullptr;
inline void seen() { if (std::this_thread::get_id() != owner) ++wrong; }
inline napi_status napi_create_reference(napi_env, napi_value, uint32_t, napi_ref* to) {
  seen(); *to = reinterpret_cast<napi_ref>(intptr_t{++alive}); return napi_ok;
}
inline napi_status napi_delete_reference(napi_env, napi_ref) { seen(); --alive; return napi_ok; }
inline napi_status napi_add_env_cleanup_hook(napi_env, void (*of)(void*), void*) { hook = of; return napi_ok; }
`;

const program = `
#include <cstdio>
int main() {
  napi_env env = reinterpret_cast<napi_env>(intptr_t{1});
  const auto lend = [&] { napi_ref one; napi_create_reference(env, nullptr, 1, &one); return one; };
  std::vector<napi_ref> lent;
  for (int i = 0; i < 4000; ++i) lent.push_back(lend());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] { for (int i = t; i < 4000; i += 4) napi_delete_reference(env, lent[i]); });
  for (auto& each : threads) each.join();
  const int waiting = alive;
  napi_ref last = lend();
  const int drained = alive;
  napi_delete_reference(env, last);
  const int none = alive;
  napi_ref late = lend();
  hook(env);
  std::thread([&] { napi_delete_reference(env, late); }).join();
  std::printf("%d %d %d %d %d", waiting, drained, none, int(alive), int(wrong));
}
`;

it("is forgotten by the thread that lent it, and never after its environment", () => {
  const folder = mkdtempSync(join(tmpdir(), "pspc-references-"));
  try {
    writeFileSync(join(folder, "node_api.h"), nodeApi);
    writeFileSync(join(folder, "main.cc"), program);
    const header = resolve("scripts/setup/references.h");
    const compiler = process.env.CXX ?? "c++";
    const args = ["-std=c++17", "-pthread", `-I${folder}`, "-include", header];
    const made = spawnSync(compiler, [
      ...args,
      join(folder, "main.cc"),
      "-o",
      join(folder, "main"),
    ]);
    expect(made.status, `${made.stderr}`).toBe(0);
    expect(execFileSync(join(folder, "main")).toString()).toBe("4000 1 0 1 0");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it("is what tfjs-node was compiled with", () => {
  const addon = readFileSync(join(tfjsFolder() ?? "", "lib", "napi-v8", "tfjs_binding.node"));
  // Nothing of its own asks for it.
  expect(addon.includes("napi_add_env_cleanup_hook")).toBe(true);
});
