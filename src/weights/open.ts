/** The name of a file of weights enters; the file, opened by the reader of its format, leaves. */

import { Failed } from "../diagnostic/failure.js";
import { legacyTorch, unknownFormat } from "./errors.js";
import { type Bytes, bytesOfFile, type WeightsFile } from "./file.js";
import { openNpz } from "./npz.js";
import { openPth } from "./pth.js";
import { openSafetensors } from "./safetensors.js";
import { openZip } from "./zip.js";

/** Told apart by their first bytes, whatever they are called. @throws Failed for all else, and for what is damaged. */
export const openWeights = async (file: string): Promise<WeightsFile> => {
  const bytes = bytesOfFile(file);
  try {
    if (beginsWith(bytes, "\x89HDF\r\n\x1a\n")) {
      bytes.close();
      // Four megabytes of WebAssembly, which nothing else needs.
      return (await import("./hdf5.js")).openHdf5(file);
    }
    return openBytes(bytes);
  } catch (error) {
    bytes.close();
    throw error;
  }
};

/** The formats that pspc reads by itself. */
export const openBytes = (bytes: Bytes): WeightsFile => {
  if (beginsWith(bytes, "PK\x03\x04") || beginsWith(bytes, "PK\x05\x06")) return openArchive(bytes);
  if (beginsWith(bytes, LEGACY_TORCH)) throw new Failed(legacyTorch(bytes.file));
  if (bytes.size > 8 && bytes.piece(8, 1)[0] === "{".charCodeAt(0)) return openSafetensors(bytes);
  throw new Failed(unknownFormat(bytes.file));
};

const openArchive = (bytes: Bytes): WeightsFile => {
  const zip = openZip(bytes);
  const names = [...zip.members.keys()];
  if (names.some((name) => /(^|\/)data\.pkl$/.test(name))) return openPth(zip);
  if (names.some((name) => name.endsWith(".npy"))) return openNpz(zip);
  throw new Failed(unknownFormat(bytes.file));
};

/** A pickled number that PyTorch before 1.6 began its files with. */
const LEGACY_TORCH = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

const beginsWith = (bytes: Bytes, text: string): boolean =>
  bytes.size >= text.length &&
  Buffer.from(bytes.piece(0, text.length)).equals(Buffer.from(text, "latin1"));
