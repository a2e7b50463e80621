/** The page of a network: pictures from files, drops, the clipboard and the camera, and what the network sees in them. */

import type { Answer, Carried } from "../runtime/browser/network.js";
import { unpacked } from "../runtime/browser/unpack.js";
import { Backends } from "./backends.js";
import { cardElements } from "./card.js";
import { fitted, openCamera, type Source, sourceOf, sourceOfPixels } from "./picture.js";
import { byId, ClassList, drawClasses, drawPicture, type Seen, sharesOf } from "./view.js";
import { words } from "./words.js";

/** As `runtime/page.ts` writes it. */
interface About {
  readonly record: {
    readonly classes: readonly string[];
    readonly palette: readonly (readonly number[])[];
    readonly size: readonly [height: number, width: number];
    readonly preprocessing: { readonly mean: readonly number[] };
  };
  readonly summary: string;
  readonly card: string;
  readonly least: number;
  /** What the example is called, where it is worth a look. */
  readonly example: string | null;
}

// Sound: the page's own text.
const about = JSON.parse(byId("network", HTMLScriptElement).textContent) as About;
const { classes, palette, size } = about.record;
const [height, width] = size;

const stage = byId("stage", HTMLElement);
const picture = byId("picture", HTMLCanvasElement);
const overlay = byId("overlay", HTMLCanvasElement);
const opacity = byId("opacity", HTMLInputElement);
const select = byId("backend", HTMLSelectElement);
const chooser = byId("file", HTMLInputElement);
const cameraButton = byId("camera", HTMLButtonElement);

const write = (id: string, text: string): void => {
  byId(id, HTMLElement).textContent = text;
};
const say = (text: string, isWrong = false): void => {
  write("said", text);
  byId("said", HTMLElement).classList.toggle("wrong", isWrong);
};
/** What was written is on the screen; what follows may keep the page busy. */
const painted = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
  });

const backends = new Backends(select, async (text) => {
  say(text);
  await painted();
});

/** What is looked at, and what was found in it. */
let source: Source | null = null;
let seen: Seen | null = null;

const list = new ClassList(
  byId("classes", HTMLUListElement),
  byId("absent", HTMLElement),
  classes,
  palette,
  (only) => {
    if (seen !== null) drawClasses(overlay, seen, palette, only);
  },
);

const look = async (next: Source): Promise<void> => {
  source = next;
  drawPicture(picture, next);
  // The last picture's classes would lie over this one.
  overlay.hidden = true;
  stage.hidden = false;
  say(words.computing(next.name));
  await painted();
  await classify(next, false).catch(tellFailed);
};

const tellFailed = (error: unknown): void => {
  stopCamera();
  say(words.failed(error), true);
};

/** The picture that is computed. */
let computed: Promise<unknown> = Promise.resolve();

/** One at a time; what a later picture has overtaken is neither computed nor shown. */
const classify = async (next: Source, isLive: boolean): Promise<void> => {
  await computed;
  if (next !== source) return;
  const { pixels, region } = fitted(next, { height, width }, about.record.preprocessing.mean);
  stage.ariaBusy = "true";
  const asked = backends.classify(pixels);
  computed = asked.catch(() => {});
  const answer = await asked.finally(() => {
    stage.ariaBusy = null;
  });
  if (answer === undefined || next !== source) return;
  seen = { classes: answer.classes, width, region };
  show(next, seen, answer, isLive);
};

const show = (next: Source, now: Seen, { milliseconds }: Answer, isLive: boolean): void => {
  drawPicture(picture, next);
  drawClasses(overlay, now, palette, list.only);
  overlay.hidden = false;
  byId("answer", HTMLElement).hidden = false;
  const shares = sharesOf(now, classes);
  list.show(shares, isLive);
  write("time", words.timed(milliseconds));
  write("caption", words.scaled(next, now.region));
  const text = words.found(next.name, shares);
  picture.setAttribute("aria-label", text);
  // A screen reader would be told of every frame.
  if (!isLive) say(text);
};

const open = async (file: Blob, name: string): Promise<void> => {
  stopCamera();
  try {
    await look(await sourceOf(file, name));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    say(words.noPicture(name), true);
  }
};

let camera: Awaited<ReturnType<typeof openCamera>> | null = null;

const startCamera = async (): Promise<void> => {
  try {
    camera = await openCamera(words.camera);
  } catch (error) {
    return say(words.noCamera(error), true);
  }
  cameraButton.textContent = words.stopCamera;
  stage.hidden = false;
  say(words.cameraRuns);
  while (camera !== null) {
    source = camera.frame();
    await classify(source, true).catch(tellFailed);
    await painted();
  }
};

/** The last frame stays, to be looked at. */
const stopCamera = (): void => {
  if (camera === null) return;
  camera.stop();
  camera = null;
  cameraButton.textContent = words.toCamera;
  if (seen !== null) list.show(sharesOf(seen, classes), false);
  say(picture.getAttribute("aria-label") ?? "");
};

/** What the network runs on now, or that it runs on nothing. */
const tellBackend = (): void => {
  const { taken, refused, isInPage } = backends;
  for (const control of [select, chooser, cameraButton]) control.disabled = taken === null;
  if (taken === null) say(words.nothingWorks(refused), true);
  else write("checked", words.checked(taken, refused, isInPage));
};

const takeFile = (file: File | undefined, name: string | undefined): void => {
  if (file !== undefined && backends.taken !== null) open(file, name ?? file.name);
};

const listen = (): void => {
  opacity.addEventListener("input", () => {
    overlay.style.opacity = `${Number(opacity.value) / 100}`;
    opacity.setAttribute("aria-valuetext", `${opacity.value} %`);
  });
  chooser.addEventListener("change", () => {
    takeFile(chooser.files?.[0], undefined);
    // The same file again is a change, too.
    chooser.value = "";
  });
  cameraButton.addEventListener("click", () => (camera === null ? startCamera() : stopCamera()));
  select.addEventListener("change", async () => {
    stopCamera();
    await backends.change().catch(tellFailed);
    tellBackend();
    if (source !== null) await look(source);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  for (const end of ["dragleave", "drop"] as const)
    document.addEventListener(end, () => document.body.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    takeFile(event.dataTransfer?.files[0], undefined);
  });
  document.addEventListener("paste", ({ clipboardData }) => {
    const file = clipboardData?.files[0];
    if (file === undefined) say(words.nothingPasted, true);
    takeFile(file, words.pasted);
  });
};

const introduce = (): void => {
  const name = decodeURIComponent(location.pathname.split("/").at(-1) ?? "").replace(/\.html$/, "");
  document.title = name;
  write("title", name);
  write("summary", about.summary);
  byId("card", HTMLElement).append(...cardElements(about.card));
};

const carry = async (): Promise<Carried> => {
  const [model, weights, wasm, pixels, expected] = await Promise.all([
    unpacked("model"),
    unpacked("weights"),
    unpacked("wasm"),
    unpacked("pixels"),
    unpacked("expected"),
  ]);
  const example = {
    pixels: new Uint8Array(pixels),
    classes: new Uint16Array(expected),
    least: about.least,
  };
  return { height, width, model, weights, wasm, example };
};

const start = async (): Promise<void> => {
  introduce();
  listen();
  const carried = await carry();
  await backends.open(carried);
  tellBackend();
  if (backends.taken === null) return;
  if (about.example === null) say(words.ready);
  else await look(sourceOfPixels(about.example, carried.example.pixels, { width, height }));
};

start().catch((error: unknown) => say(words.broken(error), true));
