// @ts-check
/** What set-up cannot go on without leaves as one value: what is wrong, why, and what to do. */

export class Stop extends Error {
  /**
   * @param {string} message what is missing or failed
   * @param {{ reason?: string | undefined, help?: string | undefined }} [more] what the world said, and an instruction
   */
  constructor(message, { reason, help } = {}) {
    super(message);
    this.name = "Stop";
    this.reason = reason;
    this.help = help;
  }

  /** @returns {string} the text for people */
  print() {
    const lines = [`set-up stopped: ${this.message}`];
    if (this.reason) lines.push(...this.reason.split("\n").map((line) => `  | ${line}`));
    if (this.help) lines.push(...this.help.split("\n").map((line) => `  = ${line}`));
    return lines.join("\n");
  }
}

/** What the system refuses, in words. @type {Readonly<Record<string, readonly [reason: string, help: string]>>} */
const refusals = {
  ENOSPC: [
    "the disk is full",
    "free some space (`df -h` tells how much there is), and run the same command again",
  ],
  EDQUOT: [
    "this user's share of the disk is used up",
    "free some space, and run the same command again",
  ],
  EACCES: [
    "this user may not write there",
    "change the permissions, or name another folder: PSPC_CACHE=…",
  ],
  EPERM: [
    "this user may not write there",
    "change the permissions, or name another folder: PSPC_CACHE=…",
  ],
  EROFS: ["the disk is mounted to be read only", "name another folder for the cache: PSPC_CACHE=…"],
  EFBIG: ["files of this size may not be written", "raise the limit (ulimit -f unlimited)"],
  EMFILE: ["too many files are open", "allow more (ulimit -n 256), and run the same command again"],
};

/**
 * An error as what set-up cannot go on without; what is no such thing is thrown again.
 * @param {unknown} error
 */
export function stopOf(error) {
  if (error instanceof Stop) return error;
  const { code, path, dest } = /** @type {{ code?: string, path?: string, dest?: string }} */ (
    error ?? {}
  );
  const refusal = refusals[code ?? ""];
  if (!refusal) throw error;
  const [reason, help] = refusal;
  return new Stop(`cannot write ${dest ?? path ?? "a file"}`, { reason, help });
}
