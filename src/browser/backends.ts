/** Which backend computes the network: the first that is there and right, or the one that is asked for. */

import {
  type Backend,
  backends,
  presentBackends,
  type Refusal,
} from "../runtime/browser/backend.js";
import type { Answer, Carried, Taken } from "../runtime/browser/network.js";
import { type Started, startComputer } from "./computer.js";
import { words } from "./words.js";

/** Where the backend under trial is kept: one that ended the page, as some drivers do, is not tried when it is loaded anew. */
const TRIAL = "pspc: backend under trial";

/** A browser that keeps nothing tries everything. */
const kept = <A>(access: (storage: Storage) => A): A | null => {
  try {
    return access(sessionStorage);
  } catch {
    return null;
  }
};

export class Backends {
  readonly #refused = new Map<Backend, Refusal>();
  #started: Started | null = null;
  #taken: Taken | null = null;

  /** `told` is called before each trial, and waited for: a trial can keep the browser busy for long. */
  constructor(
    readonly select: HTMLSelectElement,
    readonly told: (text: string) => Promise<void>,
  ) {}

  get taken(): Taken | null {
    return this.#taken;
  }

  get refused(): readonly (readonly [Backend, Refusal])[] {
    return [...this.#refused];
  }

  /** Whether the page stands still while it computes. */
  get isInPage(): boolean {
    return this.#started?.worker === null;
  }

  /** Takes the first that is right. */
  async open(carried: Carried): Promise<void> {
    const started = await startComputer();
    this.#started = started;
    const { computer } = started;
    const { model, weights, wasm } = carried;
    await computer.ask("carry", carried, [model, weights, wasm]);
    const present = await computer.ask("present", null);
    const outside = started.worker === null ? present : await presentBackends();
    for (const backend of backends)
      if (!present.includes(backend))
        this.#refused.set(backend, { kind: outside.includes(backend) ? "outside" : "absent" });
    const ended = backends.find((backend) => backend === kept((all) => all.getItem(TRIAL)));
    if (ended !== undefined) this.#refused.set(ended, { kind: "ended" });
    await this.#take(present.filter((backend) => !this.#refused.has(backend)));
  }

  /** Takes the one that is selected; if it is refused, the one before stays. */
  change(): Promise<void> {
    return this.#take(backends.filter((backend) => backend === this.select.value));
  }

  /** Of bytes `[H, W, 3]`; undefined where no backend is right. */
  async classify(pixels: Uint8Array): Promise<Answer | undefined> {
    if (this.#taken === null) return undefined;
    return this.#started?.computer.ask("classify", pixels);
  }

  async #take(candidates: readonly Backend[]): Promise<void> {
    for (const backend of candidates) {
      await this.told(words.trying(backend));
      kept((all) => all.setItem(TRIAL, backend));
      const found = await this.#started?.computer.ask("open", backend);
      kept((all) => all.removeItem(TRIAL));
      if (found === undefined) return;
      if (!("refused" in found)) {
        this.#taken = found;
        break;
      }
      this.#refused.set(backend, found.refused);
    }
    this.#list();
  }

  #list(): void {
    const options = backends.map((backend) => {
      const why = this.#refused.get(backend);
      const text = why ? words.refused(backend, why) : words.backend(backend);
      const option = new Option(text, backend);
      option.disabled = why !== undefined;
      return option;
    });
    this.select.replaceChildren(...options);
    this.select.value = this.#taken?.backend ?? "";
  }
}
