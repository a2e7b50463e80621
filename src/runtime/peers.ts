/** Notices that another process of a gang is gone: an open connection to the port of its server ends with it. */

import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as again } from "node:timers";
import { setTimeout } from "node:timers/promises";
import { GangBroken, peerGone, peerNeverCame } from "./errors.js";

/** Seconds within which all of a gang must have begun. */
const BEGINNING = 600;

/** Milliseconds between two tries to reach who has not begun yet. */
const PAUSE = 250;

/** What a process knows of the others. */
export interface Peers {
  /** All have begun, and have had the time to find this process. */
  readonly met: Promise<void>;
  /** Rejects with `GangBroken`, by name, once one is gone that had begun, or has not begun in time. */
  readonly lost: Promise<never>;
}

/**
 * The first of a gang watches all others, and they watch the first: whoever is gone ends all. Nothing is said on these
 * connections, and a process that stands still keeps its own: only the deadline of a step finds it. They hold no
 * process back from its end.
 */
export const watchPeers = (hosts: readonly string[], rank: number): Peers => {
  const watched = [...hosts.entries()]
    .filter(([other]) => (other === 0) === rank > 0)
    .map(([other, host]) => watch(other, host));
  const met = Promise.all(watched.map((each) => each.met)).then(() => setTimeout(4 * PAUSE));
  const lost = Promise.race(watched.map((each) => each.lost));
  // Nobody may be asking when it happens.
  lost.catch(() => undefined);
  return { met, lost };
};

const watch = (rank: number, host: string): Peers => {
  const met = new AbortController();
  const lost = new Promise<never>((_, reject) => {
    const end = performance.now() + 1000 * BEGINNING;
    const reach = (): void => {
      const socket = connect(addressOf(host)).unref().resume();
      let [isOpen, reason] = [false, ""];
      socket.on("connect", () => {
        isOpen = true;
        met.abort();
      });
      socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
        reason = code;
      });
      socket.on("close", () => {
        const hasBegun = met.signal.aborted;
        if (hasBegun && !isOpen && reason === "ECONNREFUSED")
          reject(new GangBroken(peerGone(rank, host)));
        else if (!hasBegun && performance.now() > end)
          reject(new GangBroken(peerNeverCame(rank, host, BEGINNING)));
        else again(reach, isOpen ? 0 : PAUSE).unref();
      });
    };
    reach();
  });
  return { met: once(met.signal, "abort").then(() => undefined), lost };
};

/** `host:port`, where an address of version 6 stands in brackets. */
const addressOf = (host: string): { readonly host: string; readonly port: number } => {
  const [, name = host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(host) ?? [];
  return { host: name, port: Number(port) };
};
