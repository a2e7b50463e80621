/** `data browse`: writes a page and a contact sheet of a split: pictures, labels, and the crops that training sees. */

import { relative, resolve } from "node:path";
import { command, number, option } from "cmd-ts";
import { type Look, looks, sheet, spread, thumbnail } from "../../data/browse.js";
import { openSplit } from "../../data/layout.js";
import { overlay, type Palette, palette } from "../../data/palette.js";
import type { Labelled } from "../../data/sample.js";
import { makeFolder, writeFileAtomic } from "../../data/write.js";
import { encodeJpeg, encodePng } from "../../data/write-image.js";
import type { ClassIndices } from "../../language/labels.js";
import type { Decision } from "../../plan/augment.js";
import { browsePage, type Card, type Shown } from "../../report/browse.js";
import { jsonFlag, specArguments, splitOption, textOption } from "../arguments.js";
import { badCount } from "../errors.js";
import { exit } from "../exit.js";
import { progressOn } from "../progress.js";
import { open } from "../read.js";
import { print, printJson } from "../terminal.js";
import { verb } from "../verb.js";

/** Sides of pictures on the page and on the sheet, in pixels, and the rows of the sheet. */
const [LARGE, SMALL, ROWS] = [512, 224, 12];

const counted = (long: string, description: string, usual: number) =>
  option({
    long,
    type: number,
    description,
    defaultValue: () => usual,
    defaultValueIsSerializable: true,
  });

export const run = verb((terminal) =>
  command({
    name: "data browse",
    description:
      "Shows samples: picture, label, overlay, and the crops that training will see of them.",
    args: {
      ...specArguments,
      split: splitOption,
      count: counted("count", "samples, spread over the split", 24),
      epochs: counted("epochs", "augmented crops of each, from the first epoch on", 3),
      out: textOption("out", "FOLDER", "where browse.html and browse.png go; `browse` otherwise"),
      json: jsonFlag,
    },
    handler: async ({ split, count, epochs, out, json, ...request }) => {
      for (const [name, n] of Object.entries({ count, epochs }))
        if (!Number.isInteger(n) || n < 1) throw badCount(name, n);
      const { resolved } = await open(terminal, request, json);
      const { data, train } = resolved.experiment;
      const samples = await openSplit(data, split);
      const indices = spread(samples.length, count);
      const colours = palette(data.palette, data.classes.length);
      const folder = out ?? "browse";
      const progress = progressOn(terminal);
      const cards: Card[] = [];
      const rows: Awaited<ReturnType<typeof tiles>>[] = [];
      try {
        for await (const look of looks(samples, indices, data, train, epochs)) {
          cards.push(await cardOf(look, data.root));
          if (rows.length < ROWS) rows.push(await tiles(look, colours));
          const [done, total] = [cards.length, indices.length];
          progress.show({ kind: "progress", what: "drawing", done, total });
        }
      } finally {
        progress.close();
      }
      makeFolder(folder);
      const files = [resolve(folder, "browse.html"), resolve(folder, "browse.png")] as const;
      const title = `${request.target.entry}: ${split}`;
      const subtitle = `${cards.length} of ${samples.length} samples; crops as training sees them, seed ${train.seed}`;
      const page = { title, subtitle, classes: data.classes, palette: colours, cards };
      await writeFileAtomic(files[0], browsePage(page), false);
      await writeFileAtomic(files[1], await sheet(rows, SMALL), false);
      if (json) printJson(terminal, { files, samples: indices });
      else print(terminal, files.map((file) => relative(process.cwd(), file)).join("\n"));
      return exit.ok;
    },
  }),
);

const cardOf = async ({ sample, original, crops }: Look, root: string): Promise<Card> => ({
  title: `${relative(root, sample.image)}  ${relative(root, sample.label)}`,
  pictures: await Promise.all([
    shown(original, `${original.width}×${original.height}, as it lies on disk`),
    ...crops.map(({ picture, decision }, epoch) => shown(picture, inWords(decision, epoch))),
  ]),
});

const shown = async (picture: Labelled, caption: string): Promise<Shown> => {
  const small = await thumbnail(picture, LARGE);
  const { height, width } = small;
  const jpeg = await encodeJpeg({ pixels: small.image, height, width });
  const { png } = await encodePng({ pixels: inTwoBytes(small.labels), height, width }, width);
  return {
    image: `data:image/jpeg;base64,${jpeg.toString("base64")}`,
    labels: `data:image/png;base64,${png.toString("base64")}`,
    height,
    width,
    caption,
  };
};

/** An index as a colour that the page reads back: its lower byte is red, its upper green. */
const inTwoBytes = (labels: ClassIndices): Uint8Array =>
  Uint8Array.from({ length: 3 * labels.length }, (_, i) => {
    const index = labels[Math.floor(i / 3)] ?? 0;
    return [index & 255, index >> 8, 0][i % 3] ?? 0;
  });

/** What was drawn, so far as it changed anything. */
const inWords = ({ drawn, blur, colour }: Decision, epoch: number): string =>
  [
    `epoch ${epoch}`,
    ...(drawn.scale.some((factor) => factor !== 1)
      ? [`×${drawn.scale.map(short).join(" ×")}`]
      : []),
    ...(drawn.degrees === 0 ? [] : [`${short(drawn.degrees)}°`]),
    ...(drawn.mirrored ? ["mirrored"] : []),
    ...(blur ? ["blurred"] : []),
    ...(colour === null ? [] : ["colours changed"]),
  ].join(", ");

const short = (n: number): string => n.toFixed(2);

/** A row of the sheet: picture, labels, overlay, then each crop without and with its overlay. */
const tiles = async ({ original, crops }: Look, colours: Palette) => {
  const small = (picture: Labelled) => thumbnail(picture, SMALL);
  const whole = await small(original);
  const cut = await Promise.all(crops.map(({ picture }) => small(picture)));
  const bare = (p: Labelled) => ({ pixels: p.image, height: p.height, width: p.width });
  const laid = (p: Labelled, alpha: number) => overlay(bare(p), p.labels, colours, alpha);
  return [
    bare(whole),
    laid(whole, 1),
    laid(whole, 0.5),
    ...cut.flatMap((p) => [bare(p), laid(p, 0.5)]),
  ];
};
