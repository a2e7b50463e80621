/** The page without a browser: it needs nothing else, lets nothing in, and says all it draws. */

import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { hexOf } from "../../../src/data/palette.js";
import { ticksAround, ticksTo } from "../../../src/report/page/chart.js";
import { curvesOf, thin } from "../../../src/report/page/curves.js";
import { escaped, html, trusted } from "../../../src/report/page/html.js";
import { page } from "../../../src/report/page/page.js";
import { synthetic } from "./synthetic.js";

const evil = `"><img src=x onerror=alert(1)><script>alert('&')</script>`;

let plain = "";
let attacked = "";
beforeAll(async () => {
  plain = await page(synthetic(["fcn", "pspnet", "no-aux"]));
  attacked = await page(
    synthetic(["fcn", evil], { title: evil, split: evil, commands: [evil], classes: [evil, "b"] }),
  );
});

describe("html", () => {
  test("escapes what users wrote, once, and joins what is HTML", () => {
    expect(escaped(`<a href="x">'&'</a>`)).toBe(
      "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;",
    );
    const inner = [html`<b>${"<"}</b>`, html`<i>${1}</i>`];
    expect(html`${inner}${null}${trusted("<hr>")}`.html).toBe("<b>&lt;</b><i>1</i><hr>");
  });
});

describe("a page", () => {
  test("refers to nothing outside itself", () => {
    const addresses = [...plain.matchAll(/\s(?:src|href|action|srcset)="([^"]*)"/g)];
    expect(addresses.length).toBeGreaterThan(10);
    for (const [, address] of addresses) expect(address).toMatch(/^(#|data:)/);
    const named = plain.replaceAll(/http:\/\/www\.w3\.org\/\d+\/\w+/g, "");
    expect(named.match(/https?:\/\/.{20}|@import|url\(.{20}/g)).toBeNull();
  });

  test("lets nothing run but its own script, by its hash", () => {
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(plain)?.[1] ?? "";
    expect(policy).toContain("default-src &#39;none&#39;");
    expect(policy).not.toContain("unsafe");
    for (const tag of ["script", "style"]) {
      const [, text] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(plain)!;
      const hash = createHash("sha256").update(text!).digest("base64");
      expect(policy).toContain(`${tag}-src &#39;sha256-${hash}&#39;`);
    }
    expect(plain.match(/\s(style|on\w+)=".{20}/g)).toBeNull();
  });

  test("shows what users wrote as text", () => {
    expect(attacked.includes("<img src=x")).toBe(false);
    expect(attacked.match(/<script/g)).toHaveLength(1);
    expect(attacked.includes("&lt;script&gt;alert(&#39;&amp;&#39;)")).toBe(true);
  });

  test("has landmarks, one first heading, and a name for whatever scrolls", () => {
    for (const tag of ["header", "nav", "main", "footer", "h1"])
      expect(plain.match(new RegExp(`<${tag}[ >]`, "g"))).toHaveLength(1);
    const headings = [...plain.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level));
    headings.reduce((last, level) => {
      expect(level).toBeLessThanOrEqual(last + 1);
      return level;
    }, 0);
    for (const [region] of plain.matchAll(/<div class="scroll[^>]*>/g))
      expect(region).toMatch(/role="region".* aria-label(ledby)?=/);
    expect(plain.match(/<img(?![^>]* alt=")/g)).toBeNull();
  });

  test("has every id once, and every reference to one leads somewhere", () => {
    const ids = [...plain.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const asked = [...plain.matchAll(/(?:href="#|aria-labelledby="|aria-describedby=")([^"]+)"/g)];
    expect(asked.map(([, id]) => id).filter((id) => !ids.includes(id))).toEqual([]);
  });

  test("draws each run as a line, and tells its numbers in a table", () => {
    expect(
      plain.match(
        /<path data-v="\d" aria-label="[^"]+" role="graphics-symbol" aria-roledescription="line mark"/g,
      ),
    ).toHaveLength(2 * 9);
    expect(plain.includes('<tr data-v="1"><th scope="row">pspnet</th><td class="n">')).toBe(true);
  });
});

describe("the answer", () => {
  test("stands at the top: the verdict, then what was compared, on what data, and when", () => {
    const top = plain.slice(plain.indexOf("<h1>"), plain.indexOf("<nav"));
    expect(top).toMatch(/<p class="answer">\w+ beats \w+ by [\d.]+ mIoU; .*<\/p>/);
    const facts = [...top.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, ...fact]) => fact);
    expect(facts).toEqual([
      ["Compared", "fcn (baseline), pspnet, no-aux; they differ in model.pyramid.bins"],
      ["Data", "90 images of val in context-scenes/data; 11 classes"],
      ["Trained", "2026-01-02 on CPU; 9 runs"],
    ]);
  });

  test("has no dot plot for one seed", async () => {
    const report = synthetic(["fcn", "pspnet"]);
    const variants = report.variants.map((one) => ({ ...one, runs: one.runs.slice(0, 1) }));
    const text = await page({ ...report, variants });
    expect(text).not.toContain("worst to best");
    expect(text).not.toContain('<svg class="bar');
    expect(text).toContain("one seed, so small differences mean nothing");
    expect(plain.match(/<svg class="bar/g)).toHaveLength(3);
  });

  test("charts costs from four variants on", async () => {
    expect(plain).not.toContain('id="costs"');
    const four = await page(synthetic(["fcn", "pspnet", "no-aux", "small"]));
    expect(four).toContain('id="costs"');
  });

  test("says where a score that no evaluation found comes from", async () => {
    const report = synthetic(["fcn"]);
    const variants = report.variants.map(({ runs, ...one }) => ({
      ...one,
      row: null,
      runs: runs.map(({ score, ...run }) => ({ ...run, score: score && { ...score, step: 400 } })),
    }));
    const text = await page({ ...report, variants });
    expect(text).toContain("fcn <small>validated at step 400</small></th>");
    expect(text).toMatch(/data-key="miou" data-value="0\.\d+"/);
  });

  test("marks a class that neither labels nor predictions hold", async () => {
    const report = synthetic(["fcn", "pspnet"]);
    const [fcn, pspnet] = report.variants;
    const absent = (shown: typeof fcn): typeof fcn =>
      shown?.row === null || shown === undefined
        ? shown
        : {
            ...shown,
            row: {
              ...shown.row,
              evaluations: shown.row.evaluations.map((one) => ({
                ...one,
                classes: one.classes.map((each, c) => ({ ...each, absent: c === 2 })),
              })),
            },
          };
    const marked = async (...variants: readonly (typeof fcn)[]) => {
      const text = await page({ ...report, variants: variants.filter((one) => one !== undefined) });
      return [
        text.match(/<td class="h\d+ absent"/g)?.length ?? 0,
        text.includes("<small>absent</small>"),
      ];
    };
    expect(await marked(fcn, pspnet)).toEqual([0, false]);
    expect(await marked(absent(fcn), pspnet)).toEqual([1, false]);
    expect(await marked(absent(fcn), absent(pspnet))).toEqual([2, true]);
  });

  test("draws the classes in the data set's palette, and says which is which", () => {
    const { palette, classes } = synthetic([]);
    for (const [c, name] of classes.entries())
      expect(plain).toContain(`fill="${hexOf(palette, c)}"/></svg>${name}</li>`);
  });
});

describe("an axis", () => {
  test.each([
    [400, [0, 100, 200, 300, 400]],
    [30_000, [0, 10_000, 20_000, 30_000]],
    [24, [0, 5, 10, 15, 20, 24]],
    [2200, [0, 500, 1000, 1500, 2200]],
    [1, [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]],
  ])("to %d has a tick at its end", (end, ticks) => {
    expect(ticksTo(end)).toEqual(ticks);
  });

  test.each([
    [
      [0.27, 0.49],
      [0.25, 0.3, 0.35, 0.4, 0.45, 0.5],
    ],
    [
      [3, 5],
      [3, 3.5, 4, 4.5, 5],
    ],
    [
      [7, 7],
      [6, 8],
    ],
  ])("around %j has round ends", (values, ticks) => {
    expect(ticksAround(values).map((tick) => Number(tick.toPrecision(6)))).toEqual(ticks);
  });
});

describe("curves", () => {
  test("leave out what has no number, and are as short as a picture needs", () => {
    const lines = [
      { step: 1, loss: 2 },
      { step: 2, loss: null },
      { step: 2, split: "val", miou: 0.5 },
    ];
    expect(curvesOf(lines)).toEqual({ loss: [[1, 2]], scores: new Map([["val", [[2, 0.5]]]]) });
    const long = Array.from({ length: 1000 }, (_, i) => [i + 1, i % 2] as const);
    const short = thin(long, 100);
    expect(short).toHaveLength(100);
    expect(short.at(-1)).toEqual([1000, 0.5]);
  });
});
