import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import { exit, TrainingFailed } from "../../src/cli/exit.js";
import { follow } from "../../src/cli/follow.js";
import { pacer, progressOn } from "../../src/cli/progress.js";
import type { Stream, Terminal } from "../../src/cli/terminal.js";
import { Failed, failure } from "../../src/diagnostic/failure.js";
import type { Event } from "../../src/run/event.js";

const step = (done: number, steps = 100, seconds = 0.5): Event & { readonly kind: "step" } => ({
  kind: "step",
  step: done,
  steps,
  loss: 2,
  main: 1.5,
  auxiliary: 0.5,
  rate: 0.01,
  seconds,
});

const terminalWith = (live: Partial<Stream>) => {
  const err = Object.assign(new PassThrough(), live);
  const out = new PassThrough();
  const terminal: Terminal = { out, err };
  return { terminal, err: (): string => String(err.read() ?? ""), out };
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the pace", () => {
  it("forgets the slow first step", () => {
    const pace = pacer(8);
    expect(pace(step(1, 100, 20))).toEqual({ loss: 2, rate: 0.01, speed: null });
    const { speed } = pace(step(2, 100, 0.5));
    expect(speed).toEqual({ imagesPerSecond: 16, secondsLeft: 49 });
  });
});

describe("in a pipe", () => {
  it("prints the first step, the last, and few between", () => {
    const { terminal, err } = terminalWith({});
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const progress = progressOn(terminal, () => 4);
    for (let done = 1; done <= 100; done++) {
      progress.show(step(done));
      now += 500;
    }
    const lines = err().trimEnd().split("\n");
    expect(lines[0]).toBe("training 1/100 (1%) · loss 2.000 · rate 0.01");
    // Ten steps take five seconds, which is rarer than five of a hundred.
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe(
      "training 100/100 (100%) · loss 2.000 · rate 0.01 · 8.0 images/s · 0 s left",
    );
  });

  it("keeps to a twentieth where steps are slow", () => {
    const { terminal, err } = terminalWith({});
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    const progress = progressOn(terminal, () => 4);
    for (let done = 1; done <= 100; done++) {
      progress.show(step(done));
      now += 60_000;
    }
    expect(err().trimEnd().split("\n")).toHaveLength(21);
  });

  it("tells what happens in lines", () => {
    const { terminal, err } = terminalWith({});
    const { show } = progressOn(terminal);
    show({ kind: "started", run: "runs/a", step: 0, steps: 1000 });
    show({ kind: "started", run: "runs/a", step: 10, steps: 1000 });
    show({ kind: "saved", file: "runs/a/checkpoint", step: 10 });
    show({ kind: "note", message: "mind this" });
    show({ kind: "finished", run: "runs/a", seconds: 65 });
    expect(err().split("\n")).toEqual([
      "runs/a: 1,000 steps",
      "runs/a: continued at step 10 of 1,000",
      "note: mind this",
      "runs/a: finished in 1 min 05 s",
      "",
    ]);
  });
});

describe("for a program", () => {
  it("tells each event as a line of JSON, and what failed as the last", async () => {
    const { terminal, out } = terminalWith({});
    const failing = async function* (): AsyncGenerator<Event, void> {
      yield step(1);
      throw new Failed(failure("the disk is full", "ENOSPC", "make room"));
    };
    await expect(follow(terminal, failing, undefined, true)).rejects.toBeInstanceOf(TrainingFailed);
    const lines = String(out.read()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      step(1),
      { kind: "failed", message: "the disk is full", reason: "ENOSPC", help: "make room" },
    ]);
  });
});

describe("on a terminal", () => {
  const done = () => true;
  const cursor = { cursorTo: done, clearLine: done, moveCursor: done, clearScreenDown: done };

  it("says that something is under way until it can be counted, and keeps nothing of that", () => {
    const { terminal, err } = terminalWith({ isTTY: true, columns: 120, ...cursor });
    const progress = progressOn(terminal);
    expect(err()).toBe("getting ready …");
    progress.say("a line");
    expect(err()).toBe("\r\x1b[Ka line\n");
  });

  it("keeps what matters most where the terminal is narrow", () => {
    const { terminal, err } = terminalWith({ isTTY: true, columns: 45, ...cursor });
    const progress = progressOn(terminal, () => 4);
    progress.show({
      ...{ kind: "validated", step: 40, split: "val", images: 4, best: true },
      ...{ miou: 0.454, mean_accuracy: 0.5, pixel_accuracy: 0.8 },
    });
    for (const n of [41, 42]) progress.show(step(n));
    progress.close();
    const text = err();
    expect(text).toMatch(/training █+░+ 42\/100 loss 2\.000 · val 45\.4/);
    expect(text).not.toContain("rate");
  });

  it("draws a bar, and ends it before a line", () => {
    const { terminal, err } = terminalWith({ isTTY: true, columns: 120, ...cursor });
    const progress = progressOn(terminal, () => 4);
    progress.show(step(50));
    progress.say("a line");
    progress.close();
    const text = err();
    expect(text).toContain("training ████████████░░░░░░░░░░░░ 50/100 loss 2.000");
    expect(text.endsWith("\na line\n")).toBe(true);
  });
});

describe("following", () => {
  it("passes on the answer and what happened", async () => {
    const { terminal } = terminalWith({});
    const { answer, events, interrupted } = await follow(terminal, async function* () {
      yield { kind: "started", run: "r", step: 0, steps: 1 } as const;
      yield step(1, 1);
      return 7;
    });
    expect({ answer, interrupted }).toEqual({ answer: 7, interrupted: false });
    expect(events.map(({ kind }) => kind)).toEqual(["started"]);
  });

  it("asks to stop at the first Ctrl-C, and leaves at the second", async () => {
    const { terminal, err } = terminalWith({});
    const left = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const before = process.listenerCount("SIGINT");
    const { interrupted } = await follow(terminal, async function* (signal) {
      yield step(1);
      process.emit("SIGINT");
      expect(signal.aborted).toBe(true);
      expect(left).not.toHaveBeenCalled();
      process.emit("SIGINT");
      expect(left).toHaveBeenCalledWith(exit.interrupted);
    });
    expect(interrupted).toBe(true);
    expect(err()).toContain("Ctrl-C again stops at once");
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  it("tells data that are wrong from a training that fails", async () => {
    const failing = (events: readonly Event[]) =>
      async function* (): AsyncGenerator<Event, void> {
        yield* events;
        throw new Failed(failure("the loss is NaN"));
      };
    const { terminal } = terminalWith({});
    await expect(follow(terminal, failing([]))).rejects.toBeInstanceOf(Failed);
    await expect(follow(terminal, failing([step(1)]))).rejects.toBeInstanceOf(TrainingFailed);
  });
});
