// @ts-check
/**
 * A lock: one holder at a time among processes that share a folder, on this machine and on others. Plain JavaScript
 * without packages, because set-up, which runs before there are any, holds its cache by the same lock.
 *
 * Whoever wants the lock first announces itself by a file of its own, a ticket. It goes on when it then sees no other
 * living ticket; of several the smallest goes first. So one process at a time looks at the lock and replaces it where
 * its holder is dead: two that went on would each have listed the folder before the other's ticket was there.
 */

import { randomBytes } from "node:crypto";
import {
  constants,
  copyFileSync,
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";

/**
 * @typedef {object} Owner
 * @property {string} id of this taking of the lock
 * @property {number} pid
 * @property {string} host
 * @property {string} since ISO 8601
 * @property {string | null} started when the process began, in ticks since `boot`: numbers of processes are given again
 * @property {string | null} boot of the machine's last start
 * @property {string | null} namespace numbers of processes mean something within one of these: a container has its own
 */

/**
 * What a file of a lock says. `owner` is null where it is empty or cut short; `pulse` changes while its process lives.
 * @typedef {{ readonly text: string, readonly owner: Owner | null, readonly pulse: number }} Said
 */

/**
 * @typedef {object} Hold
 * @property {() => boolean} lost whether someone took the lock away, as seen at the last pulse
 * @property {() => boolean} isOurs looks now
 * @property {() => void} release
 */

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds, of this process alone
 * @property {(ms: number) => Promise<void>} pause
 */

/** @typedef {{ readonly held: Hold } | { readonly by: Owner | null, readonly silent: number }} Taken */

/** How often a holder shows that it lives, in ms: whoever cannot see its process sees the file's time. */
const PULSE = 20_000;

/** How long, in ms, the file of a process that cannot be seen must stand still until that process counts as dead. */
export const SILENCE = 180_000;

/** @type {Clock} */
const realClock = { now: () => performance.now(), pause: (ms) => setTimeout(ms) };

/** @returns {Owner} */
export const self = () => ({
  id: randomBytes(8).toString("hex"),
  pid: process.pid,
  host: hostname(),
  since: new Date().toISOString(),
  started: startOf(process.pid),
  boot: known(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
  namespace: known(() => readlinkSync("/proc/self/ns/pid")),
});

/**
 * Takes the lock, also from a dead process. Yields once, where the holder cannot be seen, before it watches for
 * `SILENCE` whether the holder's file moves. Errors of the system (a folder that may not be written) are thrown.
 * @param {string} file
 * @param {Clock} [clock]
 * @returns {AsyncGenerator<{ readonly by: Owner | null }, Taken>}
 */
export async function* take(file, clock = realClock) {
  const me = self();
  const looks = new Looks(clock);
  for (let told = false; ; ) {
    const there = read(file);
    if (there === null || looks.isDead(there)) {
      const taken = await takeInTurn(file, me, looks, clock);
      if (taken !== null) return { held: taken };
      await clock.pause(10);
      continue;
    }
    if (looks.isAlive(there)) return { by: there.owner, silent: silence(there) };
    if (!told) yield { by: there.owner };
    told = true;
    await clock.pause(1000);
  }
}

/**
 * `null` where it is another's turn, or another has the lock now.
 * @param {string} file @param {Owner} me @param {Looks} looks @param {Clock} clock
 */
const takeInTurn = async (file, me, looks, clock) => {
  const ticket = announce(file, me);
  try {
    if (!(await mayGoOn(file, me, looks, clock))) return null;
    const there = read(file);
    const free = there === null || looks.isDead(there);
    return free && replace(file, ticket, there) ? hold(file, me.id) : null;
  } finally {
    rmSync(ticket, { force: true });
  }
};

/**
 * Waits while this ticket is the smallest of several. @returns whether there is no other
 * @param {string} file @param {Owner} me @param {Looks} looks @param {Clock} clock
 */
const mayGoOn = async (file, me, looks, clock) => {
  for (;;) {
    const others = ticketsOf(file).filter((name) => name !== ticketName(file, me.id));
    const living = others.filter((name) => isLiving(join(dirname(file), name), looks));
    if (living.length === 0) return true;
    if (living.some((name) => name < ticketName(file, me.id))) return false;
    await clock.pause(20);
  }
};

/** @param {string} ticket @param {Looks} looks */
const isLiving = (ticket, looks) => {
  const said = read(ticket);
  if (said === null) return false;
  // A ticket has a name that is never given again: the file of a dead process is nobody else's.
  if (looks.isDead(said)) rmSync(ticket, { force: true });
  return !looks.isDead(said);
};

/** @param {string} file @param {string} id */
const ticketName = (file, id) => `${basename(file)}.${id}.ticket`;

/** @param {string} file */
const ticketsOf = (file) =>
  readdirSync(dirname(file)).filter(
    (name) => name.startsWith(`${basename(file)}.`) && name.endsWith(".ticket"),
  );

/** Whole from the moment that it is seen. @param {string} file @param {Owner} me */
const announce = (file, me) => {
  const ticket = join(dirname(file), ticketName(file, me.id));
  const beside = `${file}.${me.id}.part`;
  try {
    writeFileSync(beside, JSON.stringify(me), { flush: true });
    renameSync(beside, ticket);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  return ticket;
};

/**
 * Puts what `ticket` says in the place of the dead. The dead one is renamed first and looked at: processes of 0.1
 * announce nothing, and what one of them has put there meanwhile is put back.
 * @param {string} file @param {string} ticket @param {Said | null} dead
 */
const replace = (file, ticket, dead) => (dead === null || away(file, dead)) && copied(ticket, file);

/** @param {string} file @param {Said} dead */
const away = (file, dead) => moved(file, (text) => text === dead.text);

/**
 * Takes the file away if it says what is expected.
 * @param {string} file @param {(text: string) => boolean} expected
 */
const moved = (file, expected) => {
  const aside = `${file}.${randomBytes(8).toString("hex")}.old`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return true;
    throw error;
  }
  const ours = expected(readFileSync(aside, "utf8"));
  if (!ours) copied(aside, file);
  rmSync(aside, { force: true });
  return ours;
};

/** Unless there is one: by a second name where the disk knows such. @param {string} from @param {string} to */
const copied = (from, to) => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
  }
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
};

/** `null` where there is no such file. @param {string} file @returns {Said | null} */
const read = (file) => {
  try {
    const text = readFileSync(file, "utf8");
    return { text, owner: ownerIn(text), pulse: statSync(file).mtimeMs };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
};

/** @param {string} text @returns {Owner | null} */
const ownerIn = (text) => {
  try {
    const owner = JSON.parse(text);
    const { pid, host, since, started, boot, namespace } = owner;
    const words = [started, boot, namespace].every((w) => w === null || typeof w === "string");
    const whole = Number.isSafeInteger(pid) && pid > 0 && words && typeof since === "string";
    return whole && typeof host === "string" ? owner : null;
  } catch {
    return null;
  }
};

/** What this process has seen of others: who stood still for how long, by this process's own clock. */
class Looks {
  /** @param {Clock} clock */
  constructor(clock) {
    this.clock = clock;
    /** @type {Map<string, { pulse: number, since: number, moved: boolean }>} */
    this.seen = new Map();
  }

  /** @param {Said} said */
  isDead(said) {
    const visible = isVisiblyAlive(said);
    if (visible !== null) return !visible;
    return this.look(said).still >= SILENCE;
  }

  /** @param {Said} said */
  isAlive(said) {
    return isVisiblyAlive(said) ?? this.look(said).moved;
  }

  /** @param {Said} said */
  look({ text, pulse }) {
    const now = this.clock.now();
    const before = this.seen.get(text);
    const stands = before?.pulse === pulse;
    const since = stands ? before.since : now;
    const moved = before !== undefined && (before.moved || !stands);
    this.seen.set(text, { pulse, since, moved });
    return { still: now - since, moved };
  }
}

/**
 * Whether the process lives, or null where that cannot be seen: on another machine, or from a file that says nothing. Of
 * a container with this one's name, which may be this one before it was started again, the file's time tells.
 * @param {Said} said @returns {boolean | null}
 */
const isVisiblyAlive = (said) => {
  const { owner } = said;
  const here = self();
  if (owner === null || owner.host !== here.host) return null;
  if (owner.boot !== here.boot) return false;
  if (owner.namespace !== here.namespace) return silence(said) * 1000 < SILENCE;
  return exists(owner.pid) && startOf(owner.pid) === owner.started;
};

/** Seconds since its file was touched. @param {Said} said */
const silence = ({ pulse }) => Math.max(0, (Date.now() - pulse) / 1000);

/** @param {number} pid */
const exists = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
};

/** The 22nd word of `/proc/PID/stat`; the second, the program's name, may hold anything but its last bracket. @param {number} pid */
const startOf = (pid) =>
  known(() => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  });

/** @param {() => string} ask @returns {string | null} */
const known = (ask) => {
  try {
    return ask();
  } catch {
    return null;
  }
};

/** @param {string} file @param {string} id */
const isOurs = (file, id) => read(file)?.owner?.id === id;

/** @param {string} file @param {string} id @returns {Hold} */
const hold = (file, id) => {
  const { lost, stop } = pulsing(file, id);
  return {
    lost,
    isOurs: () => !lost() && isOurs(file, id),
    release: () => {
      stop();
      moved(file, (text) => ownerIn(text)?.id === id);
    },
  };
};

/**
 * Touches the lock now and then, and notices when it is another's. From a thread of its own: a step of a training
 * blocks this one, for minutes where the network is deep and the machine slow.
 * @param {string} file @param {string} id
 */
const pulsing = (file, id) => {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const beat = () => {
    try {
      if (!isOurs(file, id)) Atomics.store(flag, 0, 1);
      else utimesSync(file, new Date(), new Date());
    } catch {
      // A disk that does not answer now may answer at the next pulse.
    }
  };
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const byTimer = () => {
    timer = setInterval(beat, PULSE).unref();
  };
  const worker = thread(byTimer, { file, id, flag, PULSE });
  return {
    lost: () => Atomics.load(flag, 0) === 1,
    stop: () => {
      clearInterval(timer);
      worker?.terminate();
    },
  };
};

/** Where no thread can be had, the timer of this one does what it can. @param {() => void} otherwise @param {object} workerData */
const thread = (otherwise, workerData) => {
  try {
    const worker = new Worker(beatingProgram, { eval: true, workerData });
    worker.on("error", otherwise).unref();
    return worker;
  } catch {
    otherwise();
    return null;
  }
};

/** The same as `beat`, for a thread that is told everything by its words. */
const beatingProgram = `
const { readFileSync, utimesSync } = require("node:fs");
const { file, id, flag, PULSE } = require("node:worker_threads").workerData;
setInterval(() => {
  try {
    if (!readFileSync(file, "utf8").includes(id)) Atomics.store(flag, 0, 1);
    else utimesSync(file, new Date(), new Date());
  } catch (error) {
    if (error.code === "ENOENT") Atomics.store(flag, 0, 1);
  }
}, PULSE);
`;

/** @param {unknown} error */
const codeOf = (error) => (error instanceof Error && "code" in error ? error.code : undefined);
