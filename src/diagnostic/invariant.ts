/** Our own mistakes: a condition that the phases before must have made true. Thrown, never caught. */

/** A message that takes making is made where it is needed: most conditions hold, and are asked a hundred thousand times. */
export function invariant(condition: unknown, message: string | (() => string)): asserts condition {
  if (condition) return;
  throw new Error(`internal error in pspc: ${typeof message === "string" ? message : message()}`);
}
