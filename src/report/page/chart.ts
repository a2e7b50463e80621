/** Charts as Vega-Lite has them enter; SVG that needs neither script nor style of its own leaves. */

import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import { type Html, trusted } from "./html.js";

/** Of the plot without its axes, in pixels; a page scales it to its column. */
export const size = { width: 380, height: 230 } as const;

/** How every chart looks. Colours are the page's, so that one drawing serves light and dark. */
const config: NonNullable<TopLevelSpec["config"]> = {
  background: "transparent",
  font: "inherit",
  view: { stroke: null },
  axis: {
    domain: false,
    gridColor: "var(--line)",
    labelColor: "var(--quiet)",
    labelFontSize: 12,
    tickColor: "var(--line)",
    tickCount: 5,
    titleColor: "var(--quiet)",
    titleFontSize: 12,
    titleFontWeight: "normal",
    titlePadding: 8,
  },
  axisX: { grid: false, tickSize: 4 },
  axisY: {
    ticks: false,
    labelPadding: 6,
    titleAngle: 0,
    titleAlign: "left",
    titleX: 0,
    titleY: -12,
  },
};

/** Between the number of a variant and what a mark says of it, in the chart's descriptions. */
const mark = "⁝";

/** What a mark says to whoever cannot see it, and whose it is. */
export const said = (variant: number, text: string): string => `${variant}${mark}${text}`;

/** Without a browser, and thus without measured text: labels get a little more room than they need. */
export const draw = async (spec: TopLevelSpec): Promise<Html> => {
  const { spec: compiled } = compile({ ...spec, config });
  const view = new View(parse(compiled), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return trusted(
    svg
      .replaceAll(new RegExp(`aria-label="(\\d+)${mark}`, "g"), 'data-v="$1" aria-label="')
      .replace(/ width="[\d.]+" height="[\d.]+"/, ""),
  );
};
