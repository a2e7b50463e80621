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
