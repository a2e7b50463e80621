/** Names the files whose process ended before their tests did: of those vitest says only that there was one. */

import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

export default class implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const unfinished = modules
      .filter((module) => module.state() === "pending" || module.state() === "queued")
      .map(({ moduleId }) => relative(process.cwd(), moduleId));
    for (const file of unfinished)
      process.stdout.write(`${file}: its process ended before its tests did\n`);
    const { PSPC_UNFINISHED: to } = process.env;
    const failed = modules.filter((module) => module.state() === "failed").length;
    if (to !== undefined) writeFileSync(to, JSON.stringify({ unfinished, failed }));
  }
}
