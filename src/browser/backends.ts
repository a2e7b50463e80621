/** Which backend computes the network: the first that is there and right, or the one that is asked for. */

import {
  type Backend,
  backends,
  type Carried,
  type Network,
  openOn,
  presentBackends,
  type Refusal,
} from "../runtime/browser/network.js";
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
  #carried: Carried | null = null;
  #network: Network | null = null;

  /** `told` is called before each trial, and waited for: a trial can keep the browser busy for long. */
  constructor(
    readonly select: HTMLSelectElement,
    readonly told: (text: string) => Promise<void>,
  ) {}

  get network(): Network | null {
    return this.#network;
  }

  get refused(): readonly (readonly [Backend, Refusal])[] {
    return [...this.#refused];
  }

  /** Takes the first that is right. */
  async open(carried: Carried): Promise<void> {
    this.#carried = carried;
    const present = await presentBackends();
    for (const backend of backends)
      if (!present.includes(backend)) this.#refused.set(backend, { kind: "absent" });
    const ended = backends.find((backend) => backend === kept((all) => all.getItem(TRIAL)));
    if (ended !== undefined) this.#refused.set(ended, { kind: "ended" });
    await this.#take(present.filter((backend) => !this.#refused.has(backend)));
  }

  /** Takes the one that is selected; if it is refused, the one before. */
  async change(): Promise<void> {
    const wanted = backends.filter((backend) => backend === this.select.value);
    await this.#take([...wanted, ...(this.#network ? [this.#network.backend] : [])]);
  }

  async #take(candidates: readonly Backend[]): Promise<void> {
    const carried = this.#carried;
    if (carried === null) return;
    for (const backend of candidates) {
      await this.told(words.trying(backend));
      kept((all) => all.setItem(TRIAL, backend));
      const found = await openOn(backend, carried);
      kept((all) => all.removeItem(TRIAL));
      if ("refused" in found) this.#refused.set(backend, found.refused);
      else {
        this.#network?.close();
        this.#network = found;
        break;
      }
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
    this.select.value = this.#network?.backend ?? "";
  }
}
