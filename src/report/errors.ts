/** What can go wrong with reports, in words. */

import { type Failure, failure } from "../diagnostic/failure.js";

export const cannotListen = (port: number, reason: string): Failure =>
  failure(
    `cannot serve on port ${port} of this machine`,
    reason,
    "Name another port (--port 8500), or any that is free (--port 0).",
  );
