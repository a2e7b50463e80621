/** For verbs: names of specs become resolved specs, with warnings printed on the way. */

import * as E from "fp-ts/lib/Either.js";
import * as T from "fp-ts/lib/Task.js";
import { type Check, check, checkData, type World } from "../compile.js";
import { thisMachine } from "../host.js";
import type { Data } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import { fingerprintOf } from "../plan/program.js";
import type { Target } from "./arguments.js";
import { Rejected } from "./exit.js";
import { type Terminal, tellDiagnostics } from "./terminal.js";

export interface SpecRequest {
  readonly target: Target;
  readonly overrides: readonly string[];
  /** Whether modules that the spec extends are run. */
  readonly runCode: boolean;
  /** `false` where the weights that the spec itself begins with are beside the point; they are read unless so. */
  readonly readsWeights?: boolean;
  /** On how many devices it is to be trained. */
  readonly devices?: number;
}

const machineFor = (runCode: boolean): World => thisMachine(process.cwd(), { runCode });

/** Everything found in a spec and its variants; nothing is printed. */
export const checked = ({
  target,
  overrides,
  runCode,
  readsWeights = true,
  devices,
}: SpecRequest): Promise<Check> => {
  const world = { ...machineFor(runCode), devices };
  const none = () => T.of(new Map());
  return check(readsWeights ? world : { ...world, headers: none })({ ...target, overrides })();
};

export interface Opened {
  readonly resolved: Resolved;
  readonly variants: readonly string[];
}

/**
 * The resolved spec; warnings are printed, each once of all that is `told`, and notes are not (`check` prints them).
 * @throws Rejected where the spec is wrong.
 */
export const open = async (
  terminal: Terminal,
  request: SpecRequest,
  json = false,
  told: Set<string> = new Set(),
): Promise<Opened> => {
  const found = await checked(request);
  if (E.isLeft(found.result)) throw new Rejected(found, json);
  const warnings = found.diagnostics.filter((one) => {
    const { code, message, primary } = one;
    const key = fingerprintOf([code, message, primary]);
    return one.severity === "warning" && !told.has(key) && told.add(key);
  });
  if (warnings.length > 0) tellDiagnostics(terminal, warnings, found.sources);
  return { resolved: found.result.right, variants: found.variants };
};

/** The data section of a spec, the rest of which may be wrong. @throws Rejected where it is wrong itself. */
export const openData = ({ target, overrides, runCode }: SpecRequest, json: boolean): Data => {
  const found = checkData(machineFor(runCode))({ ...target, overrides });
  if (E.isLeft(found.result)) throw new Rejected(found, json);
  return found.result.right;
};
