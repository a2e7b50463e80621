/** A file that gathers what was measured, a line a case: docs/numerics.md is made from it. */

import { appendFileSync } from "node:fs";

export const report = (line: string): void => {
  if (process.env.PSPC_NUMERICS) appendFileSync(process.env.PSPC_NUMERICS, `${line}\n`);
};
export const digits = (value: number): string => value.toExponential(1);
