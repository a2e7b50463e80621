// @ts-check
/** This machine → what the numbers depend on: processor, devices, versions, and which Python packages are at hand. */

import { execFileSync } from "node:child_process";
import process from "node:process";

/** PSPC_TORCH names folders of packages, joined by `:`, where python3 does not find them by itself. */
export const environment = () => {
  const { PSPC_TORCH: folders, PYTHONPATH: others } = process.env;
  return { ...process.env, PYTHONPATH: [folders, others].filter(Boolean).join(":") };
};

const ask = `
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
`;

/** Versions of those that python3 has. @param {readonly string[]} names @returns {Readonly<Record<string, string>>} */
export const packages = (names) => {
  try {
    const options = /** @type {const} */ ({ env: environment(), encoding: "utf8", stdio: "pipe" });
    return JSON.parse(execFileSync("python3", ["-c", ask, ...names], options));
  } catch {
    return {};
  }
};

/** @returns {import("../src/runtime/doctor.js").Report} */
export const machine = () => {
  const options = /** @type {const} */ ({ encoding: "utf8", stdio: "pipe" });
  return JSON.parse(execFileSync(process.execPath, ["bin/pspc.js", "doctor", "--json"], options));
};
