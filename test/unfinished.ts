/** Names the files whose process ended before their tests did: of those vitest says only that there was one. */

import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

export default class implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules)
      if (module.state() === "pending" || module.state() === "queued")
        process.stdout.write(
          `${relative(process.cwd(), module.moduleId)}: its process ended before its tests did\n`,
        );
  }
}
