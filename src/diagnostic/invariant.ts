/** Our own mistakes: a condition that the phases before must have made true. Thrown, never caught. */

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal error in pspc: ${message}`);
}
