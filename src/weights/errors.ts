/** What can be wrong with a file of weights, in words. */

import type { Diagnostic } from "../diagnostic/diagnostic.js";
import { type Failure, failure } from "../diagnostic/failure.js";
import type { Header } from "./file.js";
import type { Inexact } from "./tensor.js";

/** What a diagnostic says, wherever it will stand. */
export type Misfit = Pick<Diagnostic, "code" | "severity" | "message" | "notes" | "help"> & {
  readonly label: string;
};

/** A path without its folders. */
const basename = (file: string): string => file.slice(file.lastIndexOf("/") + 1);

/** A file that was cut short or changed on its way. */
const RESTORE = "Take it anew from where it came from; what a file has lost cannot be repaired.";

/** A line of Python that reads the user's own file and writes another one beside it. */
const torchLine = (file: string, code: string): string =>
  `\`python3 -c 'import torch; w = torch.load("${file}", map_location="cpu", weights_only=True); ${code}'\``;

export const damaged = (file: string, reason: string): Failure =>
  failure(`${file} is no intact safetensors file`, reason, RESTORE);

export const unknownType = (file: string, tensor: string, dtype: string): Failure =>
  failure(
    `${file} holds ${tensor} as ${dtype}`,
    "pspc reads floats of 16, 32 and 64 bits, bf16, whole numbers and flags, little-endian",
    "Convert that tensor to 32-bit floats with the program that wrote the file, or write the file without it.",
  );

export const inexact = (file: string, tensor: string, { dtype, value }: Inexact): Failure =>
  failure(
    `${file} holds ${tensor} as ${dtype}, and ${value} is no 32-bit number`,
    "pspc computes in 32 bits, and rounds no weights in silence",
    /\.(pth|pt|ckpt|bin)$/.test(file)
      ? `Round them yourself: ${torchLine(file, 'torch.save({k: v.float() for k, v in w.items()}, "rounded.pth")')}.`
      : "Round them to 32 bits yourself (NumPy: `array.astype('float32')`), and write the file again.",
  );

export const unreadableWeights = (file: string, reason: string): Failure =>
  failure(`cannot read ${file}`, reason, "Check the path.");

export const cutShort = (file: string, from: number, length: number, size: number): Failure =>
  failure(
    `${file} is damaged`,
    `it refers to the ${length} bytes from ${from} on, and ends at ${size}`,
    RESTORE,
  );

export const unknownFormat = (file: string): Failure =>
  failure(
    `${file} is no file of weights`,
    "it begins as none of them does",
    "pspc reads safetensors, PyTorch `.pth` of every version, NumPy `.npz`, PaddleSeg `.pdparams` and Keras `.h5`.",
  );

export const packedKeras = (file: string, member: string): Failure =>
  failure(
    `${file} is a model of Keras`,
    "its weights are a file inside of it, which pspc does not unpack",
    `Take it out: \`unzip ${file} ${member}\`, and name that file.`,
  );

export const damagedZip = (file: string, reason: string): Failure =>
  failure(`${file} is no intact archive`, reason, RESTORE);

export const damagedArray = (file: string, member: string, reason: string): Failure =>
  failure(
    `${file} holds ${member}, which is no array that pspc reads`,
    reason,
    `Write it again: \`python3 -c 'import numpy; a = numpy.load("${file}"); numpy.savez("new.npz", **{k: numpy.ascontiguousarray(a[k]) for k in a})'\`.`,
  );

export const damagedTorch = (file: string, reason: string): Failure =>
  failure(`${file} is no intact PyTorch file`, reason, RESTORE);

export const unknownArray = (file: string, tensor: string, reason: string): Failure =>
  failure(
    `${file} holds ${tensor} in a form that pspc does not read`,
    reason,
    `If PyTorch still reads it, write it again: ${torchLine(file, 'torch.save({k: v.contiguous().clone() for k, v in w.items()}, "new.pth")')}.`,
  );

export const noStateDict = (file: string, keys: readonly string[]): Failure =>
  failure(
    `${file} holds no tensors by name`,
    keys.length === 0 ? "it is no map" : `it holds ${listed(keys)}`,
    "pspc takes the largest dictionary of tensors in a file, wherever it lies; this file has none.",
  );

export const brokenReader = (file: string): Failure =>
  failure(
    `cannot read ${file}`,
    "a damaged HDF5 file, read before, has broken the HDF5 library of this process",
    "Start pspc again, without that file.",
  );

export const damagedHdf5 = (file: string, reason: string): Failure =>
  failure(
    `${file} is no HDF5 file that pspc reads`,
    reason,
    "If it is intact, write it again without other filters than gzip: `h5repack -f GZIP=1 FILE new.h5`.",
  );

type Told = Pick<Misfit, "notes" | "help">;

const misfit = (
  code: string,
  message: string,
  label: string,
  { notes, help }: Told,
  severity: Misfit["severity"] = "error",
): Misfit => ({ code, severity, message, label, notes, help });

/** A file that is missing here may be there where the training runs. */
export const unreadableNamed = ({ message, reason = "", help }: Failure): Misfit =>
  misfit(
    "E0530",
    message,
    reason,
    { notes: [], help: help === undefined ? [] : [help] },
    reason === "there is no such file" ? "warning" : "error",
  );

export const noKnownNames = (
  { format, tensors }: Header,
  notes: readonly string[],
  help: readonly string[],
): Misfit =>
  misfit(
    "E0531",
    "the weights have none of the names that pspc knows",
    `holds ${listed([...tensors.keys()])}`,
    {
      notes: [`read as ${format}`, `pspc knows its own names, and those of ${KNOWN}`, ...notes],
      help,
    },
  );

/** Whose names the maps (name-maps.ts) know. */
const KNOWN =
  "semseg, torchvision, timm, mmsegmentation, segmentation_models_pytorch, PaddleSeg and Keras";

export const missingTensors = (
  names: readonly string[],
  total: number,
  notes: readonly string[],
  help: readonly string[],
): Misfit =>
  misfit(
    "E0531",
    `the weights lack ${names.length} of the network's ${total} tensors`,
    `lacks ${listed(names)}`,
    { notes, help },
  );

export const otherShapes = (
  differences: readonly string[],
  notes: readonly string[],
  help: readonly string[],
): Misfit =>
  misfit(
    "E0532",
    `${differences.length} of the weights are of another shape`,
    listed(differences, 2),
    { notes, help },
  );

export const noPlaceFor = (
  names: readonly string[],
  notes: readonly string[],
  help: readonly string[],
): Misfit =>
  misfit(
    "E0533",
    `the network has no place for ${names.length} of the weights`,
    `holds ${listed(names)}`,
    { notes, help },
  );

export const auxiliaryLeft = (names: readonly string[]): Misfit =>
  misfit(
    "E0533",
    "the auxiliary head of the weights has no place in the network",
    `holds ${listed(names)}`,
    { notes: ["its answers do not depend on it; a training goes on without it"], help: [] },
    "warning",
  );

/** Every tensor may fit, and the answers differ. */
export const otherProgram = (of: string, caution: string): Misfit =>
  misfit(
    "E0533",
    `the network of ${of} is not quite the spec's`,
    caution,
    { notes: ["a training goes on from such weights, and gets used to the difference"], help: [] },
    "warning",
  );

export const averagedShortcuts = (): string =>
  "the file's shortcuts average pixels before their convolution: write `model.backbone.shortcut: averaged`";

export const otherBlocks = (names: readonly string[]): string =>
  `the file's blocks compute something else than the spec's: ${listed(names, 2)} stand in blocks whose other layers fit`;

export const shallowStem = (): string =>
  "the stem of the weights is one 7×7 convolution, the spec's three of 3×3";

export const deepStem = (): string =>
  "the stem of the weights is three 3×3 convolutions, the spec's one of 7×7";

export const otherDepth = (theirs: readonly number[], ours: readonly number[]): string =>
  `the weights are of a ResNet of [${theirs.join(", ")}] blocks, the spec's has [${ours.join(", ")}]`;

export const otherClasses = (theirs: number, ours: number): string =>
  `the weights tell ${theirs} classes apart, the spec ${ours}`;

export const onlyBackbone = (file: string): string =>
  `the backbone fits: \`weights: {file: ${basename(file)}, only: backbone}\` takes it, and draws the rest`;

export const replaceClassifier = (file: string): string =>
  `all but the classes fits: \`weights: {file: ${basename(file)}, replace: classifier}\` keeps pyramid and head, and draws the classifier`;

export const otherNetwork = (file: string): string =>
  `change \`model\` to the network that ${basename(file)} is of, or take a file of the spec's network`;

export const numberedLayers = (): string =>
  "the file numbers Keras's layers; pspc knows them by the names of keras.applications (`conv1_conv`, `conv2_block1_1_conv`)";

export const renameTensors = (file: string): string =>
  `if ${basename(file)} is of this network, rename its tensors to those that docs/weights.md lists, and save it as safetensors, .pth or .npz`;

export const doesNotFit = (
  file: string,
  lines: readonly string[],
  help: readonly string[],
): Failure => failure(`${file} does not fit the network`, lines.join("\n"), help[0]);

export const lacksTensors = (file: string, names: readonly string[]): Failure =>
  failure(
    `${file} lacks ${listed(names)}`,
    "the network of this spec has layers that the file's has not",
    "Use the spec that made the file, or a file of this network.",
  );

export const holdsOtherShapes = (file: string, differences: readonly string[]): Failure =>
  failure(
    `${file} holds weights of other shapes: ${listed(differences)}`,
    undefined,
    "Use the spec that made the file, or a file of this network.",
  );

const listed = (all: readonly string[], shown = 5): string =>
  all.slice(0, shown).join(", ") + (all.length > shown ? ` and ${all.length - shown} more` : "");
