/** Pictures of a browser, from files, the clipboard or a camera, and what of them a network of one size takes. */

/** Something to look at, with its size in pixels. */
export interface Source {
  readonly name: string;
  readonly image: CanvasImageSource;
  readonly width: number;
  readonly height: number;
}

export interface Region {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Fitted {
  /** Bytes `[H, W, 3]`. */
  readonly pixels: Uint8Array;
  /** Where in them the picture is; around it they have the mean colour. */
  readonly region: Region;
}

/** Upright, in its own numbers. @throws DOMException where it is no picture */
export const sourceOf = async (file: Blob, name: string): Promise<Source> => {
  const image = await createImageBitmap(file, {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  return { name, image, width: image.width, height: image.height };
};

/** Of bytes `[H, W, 3]`. */
export const sourceOfPixels = (
  name: string,
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Source => {
  const image = document.createElement("canvas");
  Object.assign(image, { width, height });
  const rgba = new ImageData(width, height);
  for (let from = 0, to = 0; from < pixels.length; from += 3, to += 4) {
    rgba.data.set(pixels.subarray(from, from + 3), to);
    rgba.data[to + 3] = 255;
  }
  contextOf(image).putImageData(rgba, 0, 0);
  return { name, image, width, height };
};

/** In the processor's memory: cards round colours. */
export const contextOf = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("no canvas");
  return context;
};

const canvas = document.createElement("canvas");

/** The whole picture in its own proportions; one of the network's own size stays as it is. */
export const fitted = (
  { image, width, height }: Source,
  size: { readonly width: number; readonly height: number },
  mean: readonly number[],
): Fitted => {
  const scale = Math.min(size.width / width, size.height / height);
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const region = {
    left: (size.width - w) >> 1,
    top: (size.height - h) >> 1,
    width: w,
    height: h,
  };
  Object.assign(canvas, { width: size.width, height: size.height });
  const context = contextOf(canvas);
  context.fillStyle = `rgb(${mean.map(Math.round).join(" ")})`;
  context.fillRect(0, 0, size.width, size.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, region.left, region.top, w, h);
  const { data } = context.getImageData(0, 0, size.width, size.height);
  const pixels = new Uint8Array(size.width * size.height * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3)
    pixels.set(data.subarray(from, from + 3), to);
  return { pixels, region };
};

/** Frames of the camera on the back, where there are two; it runs until it is stopped. @throws where there is none, or it is refused */
export const openCamera = async (
  name: string,
): Promise<{ readonly frame: () => Source; readonly stop: () => void }> => {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment" },
  });
  const video = document.createElement("video");
  Object.assign(video, { srcObject: stream, muted: true, playsInline: true });
  await video.play();
  return {
    frame: () => ({ name, image: video, width: video.videoWidth, height: video.videoHeight }),
    stop: () => {
      for (const track of stream.getTracks()) track.stop();
    },
  };
};
