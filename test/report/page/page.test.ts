/** The page without a browser: it needs nothing else, lets nothing in, and says all it draws. */

import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
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
