/** Checks the weights that a spec names, and says what does not fit, why, and what to do. */

import * as E from "fp-ts/lib/Either.js";
import type { Diagnostic, Path } from "../diagnostic/diagnostic.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Model } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import * as says from "./errors.js";
import { type Misfit, unreadableNamed } from "./errors.js";
import type { Header } from "./file.js";
import { type Fit, fitOf, isClassifier, networkVariables, ourShape } from "./fit.js";
import { averagedNames, blockIn } from "./names.js";

export type Headers = ReadonlyMap<string, E.Either<Failure, Header>>;

/** Everything that is wrong with the initial weights of a spec, at the place where it names them. */
export const weightsFit =
  (headers: Headers) =>
  ({ experiment, origins }: Resolved): readonly Diagnostic[] => {
    const { weights } = experiment.model;
    const header = weights === null ? undefined : headers.get(weights.file);
    if (weights === null || header === undefined) return [];
    const path = places.find((place) => origins.has(place.join("."))) ?? [];
    if (E.isLeft(header)) return [asDiagnostic(unreadableNamed(header.left), path)];
    const found = fitOf(
      header.right,
      networkVariables(experiment, "train"),
      experiment.model,
      weights,
    );
    return misfits(found, experiment.model).map((each) => asDiagnostic(each, path));
  };

/** Where a spec can name its weights. */
const places: readonly Path[] = [
  ["model", "weights", "file"],
  ["model", "weights"],
  ["model", "backbone", "weights"],
];

/** Everything at once, the most telling reasons with the first. */
export const misfits = (fit: Fit, model: Model): readonly Misfit[] => {
  const { missing, misshapen, unexpected, auxiliary, fits, map } = fit;
  const total = fits.length + missing.length + misshapen.length;
  const notes = [spelling(fit), ...reasons(fit, model)];
  const help = remedies(fit, model);
  const isStrange = fits.length + misshapen.length === 0;
  const found = [
    ...(isStrange ? [says.noKnownNames(fit.header, notes.slice(1), help)] : []),
    ...(missing.length > 0 && !isStrange
      ? [
          says.missingTensors(
            missing.map(({ name }) => name),
            total,
            notes,
            help,
          ),
        ]
      : []),
    ...(misshapen.length > 0 ? [says.otherShapes(misshapen.map(difference), notes, help)] : []),
    ...(unexpected.length > 0 && !isStrange ? [says.noPlaceFor(unexpected, notes, help)] : []),
    ...(auxiliary.length > 0 ? [says.auxiliaryLeft(auxiliary)] : []),
    ...(map.caution?.of === model.backbone.shortcut && !isStrange
      ? [says.otherProgram(map.of, map.caution.words)]
      : []),
  ];
  // What explains the first explains the others.
  return found.map((each, i) => (i === 0 ? each : { ...each, notes: [], help: [] }));
};

const difference = ({ variable, shape }: Fit["misshapen"][number]): string =>
  `${variable.name} is [${shape.join(", ")}], the network's [${variable.shape.join(", ")}]`;

export const spelling = ({ map, prefix, header }: Fit): string =>
  `read as ${header.format}, by the names of ${map.of}${prefix === "" ? "" : `, behind \`${prefix}\``}`;

/** Of the file: the convolution that images enter. */
const stemSize = ({ header, map }: Fit): number | undefined => {
  for (const { shape } of header.tensors.values()) {
    const [size, , channels] = ourShape(shape, map);
    if (channels === 3) return size;
  }
  return undefined;
};

const reasons = (fit: Fit, { backbone }: Model): readonly string[] => {
  const size = stemSize(fit);
  const { kind } = backbone.stem;
  const [ours, theirs] = [backbone.blocks, blocksIn(fit)];
  if (fit.fits.length + fit.misshapen.length === 0)
    return isNumbered(fit) ? [says.numberedLayers()] : [];
  const inBlocks = fit.unexpected.filter((name) => isInBlock(fit, name));
  return [
    ...(kind === "deep" && size === 7 ? [says.shallowStem()] : []),
    ...(kind === "conv7" && size === 3 ? [says.deepStem()] : []),
    ...(backbone.block !== "inverted" && theirs.some((n, i) => n > 0 && n !== ours[i])
      ? [says.otherDepth(theirs, ours)]
      : []),
    ...otherClasses(fit),
    ...(averages(fit, backbone) ? [says.averagedShortcuts()] : []),
    ...(inBlocks.length > 0 ? [says.otherBlocks(inBlocks)] : []),
  ];
};

/** Whether the file's shortcuts average before their convolution, and the spec's do not. */
const averages = ({ map, prefix, unexpected }: Fit, { shortcut }: Model["backbone"]): boolean => {
  const names = shortcut === "strided" ? averagedNames(map) : null;
  return names !== null && unexpected.some((name) => names.test(name.slice(prefix.length)));
};

/** Keras 3 numbers layers that bear no name of their own. */
const isNumbered = ({ header }: Fit): boolean =>
  header.format === "HDF5" &&
  [...header.tensors.keys()].some((name) =>
    /(^|\.)layers\.(conv2d|batch_normalization)/.test(name),
  );

const otherClasses = ({ misshapen }: Fit): readonly string[] => {
  const classifier = misshapen.find(({ variable }) => variable.name === "head.classifier.bias");
  const [theirs, ours] = [classifier?.shape[0], classifier?.variable.shape[0]];
  return theirs === undefined || ours === undefined ? [] : [says.otherClasses(theirs, ours)];
};

/** Whether a tensor lies in a residual block that the network has, beside the layers of it that are used. */
const isInBlock = ({ map, prefix, fits }: Fit, name: string): boolean => {
  const place = blockIn(map);
  const at = place(name.slice(prefix.length));
  return (
    at !== null && fits.some((each) => place(each.name.slice(prefix.length))?.join() === at.join())
  );
};

/** Blocks of each stage of the file's network, as its names count them. */
const blocksIn = ({ header, map, prefix }: Fit): readonly number[] => {
  const place = blockIn(map);
  const counts = [0, 0, 0, 0];
  for (const name of header.tensors.keys()) {
    const [stage, block] = place(name.slice(prefix.length)) ?? [0, 0];
    const known = counts[stage - 1];
    if (known !== undefined) counts[stage - 1] = Math.max(known, block);
  }
  return counts;
};

/** From the file that the user has: what of it can be taken, or which spec it is of. */
const remedies = (fit: Fit, { backbone }: Model): readonly string[] => {
  const { header, asked, misshapen, missing, unexpected, fits } = fit;
  const size = stemSize(fit);
  const off = [...missing, ...misshapen.map(({ variable }) => variable)];
  const isPartial = fits.length > 0 && asked.only === "all" && off.length > 0;
  const backboneFits = isPartial && off.every(({ site }) => site?.part !== "backbone");
  if (fits.length + misshapen.length === 0) return [says.renameTensors(header.file)];
  if (backboneFits && off.every(isClassifier) && unexpected.length === 0)
    return [says.replaceClassifier(header.file)];
  if (backboneFits) return [says.onlyBackbone(header.file)];
  if (backbone.stem.kind === "deep" && size === 7)
    return ["write `stem: conv7` under `model.backbone`, or take weights with a deep stem"];
  if (backbone.stem.kind === "conv7" && size === 3)
    return ["write `stem: deep` under `model.backbone`, or take weights with a 7×7 stem"];
  return [says.otherNetwork(header.file)];
};

export const asDiagnostic = ({ label, ...said }: Misfit, path: Path): Diagnostic => ({
  ...said,
  primary: { path, label },
  related: [],
  fixes: [],
});

/** The errors among them as one. */
export const asFailure = (file: string, found: readonly Misfit[]): Failure => {
  const lines = found.flatMap(({ message, label, notes }) => [`${message}: ${label}`, ...notes]);
  return says.doesNotFit(
    file,
    lines,
    found.flatMap(({ help }) => help),
  );
};
