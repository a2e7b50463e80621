/** Predicts a video: ffmpeg decodes its frames into a pipe, and encodes the overlaid frames into a new video. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { rename, rm } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { overlay, type Palette } from "../data/palette.js";
import type { Picture } from "../data/picture.js";
import { makeFolder } from "../data/write.js";
import { writeClasses } from "../data/write-image.js";
import { Failed } from "../diagnostic/failure.js";
import { noFfmpeg, unreadableVideo } from "./errors.js";
import type { Event } from "./event.js";
import { type Network, serve } from "./inference.js";
import { segment } from "./prediction.js";

const suffixes = new Set([".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg"]);

export const isVideo = (path: string): boolean => suffixes.has(extname(path).toLowerCase());

export interface VideoRequest {
  readonly network: Network;
  readonly path: string;
  /** Of the files written: `NAME.overlay.mp4`, and the classes of each frame, `NAME/000001.png`. */
  readonly name: string;
  readonly out: string;
  readonly colours: Palette;
  readonly alpha: number;
  /** Frames that are computed together. */
  readonly batch: number;
  readonly signal: AbortSignal | undefined;
}

/** @throws Failed where ffmpeg is not installed, or cannot read the file. */
export async function* predictVideo(request: VideoRequest): AsyncGenerator<Event, void> {
  const { network, path, name, out, colours, alpha, batch, signal } = request;
  const { rate, frames } = await probe(path);
  const folder = join(out, name);
  makeFolder(folder);
  const file = join(out, `${name}.overlay.mp4`);
  const beside = join(out, `.${name}.${process.pid}.part.mp4`);
  const source = start("ffmpeg", ["-i", path, "-f", "image2pipe", "-c:v", "ppm", "-"]);
  const pictures = ppm(source.stdout);
  let sink: Started | undefined;
  try {
    const first = await pictures.next();
    if (first.done) throw new Failed(unreadableVideo(path, await source.failed));
    const size = first.value;
    sink = start("ffmpeg", encoding(size.width, size.height, rate, beside));
    const asked = { asked: { batch } };
    for await (const { session } of serve(network, "predict", [{ item: null, size }], asked)) {
      let done = 0;
      for await (const group of groups(size, pictures, batch)) {
        for (const found of segment(
          session,
          size,
          group,
          batch,
          network.program.experiment.data.classes.length,
        )) {
          const { picture, classes } = found!;
          done += 1;
          const shown = join(folder, `${String(done).padStart(6, "0")}.png`);
          await writeClasses(shown, classes, size.height, size.width, colours);
          await put(sink.stdin, overlay(picture, classes, colours, alpha).pixels);
        }
        const total = Math.max(done, frames);
        yield { kind: "progress", what: `predicting ${basename(path)}`, done, total };
        await setImmediate();
        if (signal?.aborted) return;
      }
    }
    sink.stdin.end();
    const failure = await sink.failed;
    if (failure !== "") throw new Failed(unreadableVideo(file, failure));
    await rename(beside, file);
    yield { kind: "predicted", image: path, classes: folder, overlay: file, areas: [] };
  } finally {
    source.stop();
    sink?.stop();
    await rm(beside, { force: true });
  }
}

/** `first` and what follows it, at most `most` together. */
async function* groups(first: Picture, rest: AsyncGenerator<Picture, void>, most: number) {
  let group = [first];
  for await (const picture of rest) {
    if (group.length === most) {
      yield group;
      group = [];
    }
    group.push(picture);
  }
  yield group;
}

/** Even sides, which the usual colour format of players wants. */
const encoding = (width: number, height: number, rate: string, file: string): readonly string[] => [
  ...["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", rate, "-i", "-"],
  ...["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-y", file],
];

const probe = async (path: string): Promise<{ readonly rate: string; readonly frames: number }> => {
  const fields = ["-count_packets", "-show_entries", "stream=r_frame_rate,nb_read_packets"];
  const asked = start("ffprobe", ["-select_streams", "v:0", ...fields, "-of", "csv=p=0", path]);
  const [told, failure] = await Promise.all([text(asked.stdout), asked.failed]);
  const [rate, frames] = told.trim().split(",");
  if (!rate?.includes("/")) throw new Failed(unreadableVideo(path, failure));
  return { rate, frames: Number(frames) || 0 };
};

interface Started {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** What it complained of when it ended; nothing where all went well. @throws Failed where it is not installed. */
  readonly failed: Promise<string>;
  readonly stop: () => void;
}

const start = (program: string, args: readonly string[]): Started => {
  const child = spawn(program, ["-v", "error", ...args], { stdio: "pipe" });
  const complaint = text(child.stderr).catch(() => "");
  const failed = once(child, "close").then(
    async ([code]) =>
      code === 0 ? "" : (await complaint).trim() || `${program} ended with ${code}`,
    (error: Error) => {
      throw new Failed(noFfmpeg(program, error.message));
    },
  );
  failed.catch(() => {});
  child.stdin.on("error", () => {});
  return { stdin: child.stdin, stdout: child.stdout, failed, stop: () => child.kill() };
};

const put = async (into: Writable, bytes: Uint8Array): Promise<void> => {
  if (!into.write(bytes)) await Promise.race([once(into, "drain"), once(into, "close")]);
};

/** Pictures of a stream of binary PPMs: `P6`, width, height, 255, and RGB bytes. */
async function* ppm(stream: Readable): AsyncGenerator<Picture, void> {
  let held = Buffer.alloc(0);
  for await (const chunk of stream) {
    held = Buffer.concat([held, chunk as Buffer]);
    for (;;) {
      const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(held.subarray(0, 64).toString("latin1"));
      if (head === null) break;
      const [width, height] = [Number(head[1]), Number(head[2])];
      const [from, to] = [head[0].length, head[0].length + width * height * 3];
      if (held.length < to) break;
      yield { pixels: new Uint8Array(held.subarray(from, to)), height, width };
      held = held.subarray(to);
    }
  }
}
