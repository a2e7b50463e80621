/** Whether Python has a module: tests that ask ONNX's own programs say where these are absent. */

import { execFileSync } from "node:child_process";

export const hasPython = (module: string): boolean => {
  try {
    execFileSync("python3", ["-c", `import ${module}`], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
};
