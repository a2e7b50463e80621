import { describe, expect, it } from "vitest";
import {
  bytes,
  count,
  duration,
  percent,
  printable,
  rateText,
  scaled,
} from "../../src/report/format.js";
import { doctorText } from "../../src/report/machine.js";
import {
  comparisonCsv,
  comparisonMarkdown,
  comparisonText,
  scoreText,
} from "../../src/report/scores.js";
import { evaluation, row, unscored } from "./example.js";

const plain = (text: string): string => printable(text, false);

describe("numbers", () => {
  it("are short", () => {
    expect([count(46_782_550), scaled(161.9e9), scaled(999), scaled(1e6)]).toEqual([
      "46,782,550",
      "161.9 G",
      "999",
      "1.0 M",
    ]);
    expect([bytes(2 ** 20), bytes(1.5 * 2 ** 30)]).toEqual(["1.0 MiB", "1.5 GiB"]);
    expect([percent(0.41683), percent(1), percent(null)]).toEqual(["41.7", "100.0", "–"]);
    expect([3, 59.6, 125, 3599.9, 6000].map(duration)).toEqual([
      "3 s",
      "1 min 00 s",
      "2 min 05 s",
      "1 h 00 min",
      "1 h 40 min",
    ]);
    expect([0.01, 0.0053589, 2.5634e-7].map(rateText)).toEqual(["0.01", "0.00536", "2.56e-7"]);
  });
});

describe("scores", () => {
  it("have a bar for each class", async () => {
    await expect(`${plain(scoreText(evaluation(90)))}\n`).toMatchFileSnapshot("golden/scores.txt");
  });

  it("say that a class is absent", () => {
    expect(plain(scoreText(evaluation(90, 0)))).toMatch(/^car +– +– +absent$/m);
  });

  it("are coloured on a terminal alone", () => {
    expect(printable(scoreText(evaluation(90)), false)).not.toMatch(
      /\p{Cc}(?<!\n)|[\uFDD0-\uFDEF]/u,
    );
    expect(printable(scoreText(evaluation(90)), true)).toContain("\u001b[32m");
  });
});

describe("a table that is wider than the terminal", () => {
  const rows = [row("fcn", 80, 84, 82), row("pspnet", 90, 91, 92), row("no-aux", 81, 85, 83)];
  const room = 45;
  const widths = (text: string): readonly number[] => text.split("\n").map((line) => line.length);

  it("goes on below, behind its first column, and loses no number", () => {
    const [wide, narrow] = [
      plain(comparisonText(rows)),
      printable(comparisonText(rows), false, room),
    ];
    const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));
    expect(words(narrow)).toEqual(words(wide));
    const tables = narrow.slice(0, narrow.search(/\n.* beats /));
    expect(Math.max(...widths(plain(comparisonText(rows))))).toBeGreaterThan(90);
    expect(Math.max(...widths(tables))).toBeLessThanOrEqual(room);
    expect(narrow.match(/^variant /gm)?.length).toBeGreaterThan(2);
  });

  it("leaves out bars, which say what stands beside them", () => {
    const narrow = printable(scoreText(evaluation(90)), false, 40);
    expect(narrow).toMatch(/^car +[\d.]+ +[\d.]+$/m);
    expect(narrow).not.toContain("█");
    expect(printable(scoreText(evaluation(90)), false, 60)).toContain("█");
  });
});

describe("a comparison", () => {
  const rows = [row("fcn", 80, 84, 82), row("pspnet", 90, 91, 92), row("no-aux", 81, 85, 83)];

  it("ranks by score, with differences from the first", async () => {
    await expect(`${plain(comparisonText(rows))}\n`).toMatchFileSnapshot("golden/comparison.txt");
  });

  it("marks differences that the seeds do not tell apart", () => {
    const text = plain(comparisonText(rows));
    expect(text).toMatch(/^pspnet .* \+\d/m);
    expect(text).toMatch(/^no-aux .* ~\+\d/m);
  });

  it("warns of a single seed", () => {
    const text = plain(comparisonText([row("a", 80), row("b", 81)]));
    expect(text).toMatch(
      /^b beats a by [\d.]+ mIoU; one seed, so small differences mean nothing\.$/m,
    );
    expect(text).toContain("--seeds 3");
  });

  it("prints in Markdown", async () => {
    await expect(`${comparisonMarkdown(rows)}\n`).toMatchFileSnapshot("golden/comparison.md");
  });

  it("of nothing is nothing", () => {
    expect(plain(comparisonText([]))).toBe("");
  });
});

describe("the doctor", () => {
  const machine = {
    node: "20.20.2",
    npm: undefined,
    tfjs: "4.22.0",
    cpu: { model: "A CPU", cores: 2, units: ["avx2"], bf16: false },
    gpus: [],
    kernels: "speeds measured here",
    memory: { total_bytes: 2 ** 34, free_bytes: 2 ** 33, large_pages: "given" as const },
  };

  it("says what works", () => {
    const toy = { right: true, gigaflops: 52.4 };
    const tensorflow = {
      version: "2.21.0",
      device: "cpu",
      one_dnn: true,
      tf32: false,
      toy,
    } as const;
    const text = doctorText({ ...machine, tensorflow });
    expect(text).toContain("TensorFlow  2.21.0 on the cpu");
    expect(text).toContain("right, 52 GFLOP/s");
    expect(doctorText({ ...machine, tensorflow: { ...tensorflow, one_dnn: false } })).toContain(
      "OFF",
    );
    expect(text).not.toContain("TF32");
    expect(text).toContain("memory      16.0 GiB, 8.0 GiB free, TensorFlow's in large pages");
    const memory = { ...machine.memory, large_pages: "not given" } as const;
    expect(doctorText({ ...machine, tensorflow, memory })).toContain("gives no large ones");
    const onGpu = { ...tensorflow, device: "gpu" } as const;
    expect(doctorText({ ...machine, tensorflow: onGpu })).toContain("TF32        off");
    const loose = { ...machine, tensorflow: { ...onGpu, tf32: true } };
    expect(doctorText(loose)).toContain("TF32        ALLOWED");
  });

  it("says why TensorFlow does not run, and what to do", () => {
    const failure = { kind: "failure", message: "no TensorFlow", help: "set up" } as const;
    expect(doctorText({ ...machine, tensorflow: failure })).toMatch(/no TensorFlow\n +set up/);
  });
});

describe("scores of a split without a counted pixel", () => {
  it("are null in data and a dash in text, with the reason", () => {
    const one = unscored();
    expect([one.miou, one.pixel_accuracy, one.mean_accuracy]).toEqual([null, null, null]);
    expect(one.classes.map(({ iou, absent }) => [iou, absent])).toEqual([
      [null, true],
      [null, true],
      [null, true],
    ]);
    const text = plain(scoreText(one));
    expect(text).toContain("mIoU –");
    expect(text).toContain("No pixel of val counts");
  });

  it("compare with nothing", () => {
    const rows = [
      row("fcn", 50),
      { ...row("pspnet", 80), evaluations: [unscored()], miou: { mean: null, spread: null } },
    ];
    expect(plain(comparisonText(rows))).toMatch(/^ *pspnet +– /m);
    expect(plain(comparisonText(rows))).toContain("No pixel of test counts for pspnet.");
    expect(comparisonCsv(rows)).toContain("\r\npspnet,0,,,,");
  });
});
