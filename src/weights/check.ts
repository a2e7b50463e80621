/** Checks the weights that a spec names, and says what does not fit, why, and what to do. */

import * as E from "fp-ts/lib/Either.js";
import type { Diagnostic, Path } from "../diagnostic/diagnostic.js";
import type { Failure } from "../diagnostic/failure.js";
import type { Model } from "../normalize/experiment.js";
import type { Resolved } from "../normalize/normalize.js";
import * as says from "./errors.js";
import { type Misfit, unreadableNamed } from "./errors.js";
import type { Header } from "./file.js";
import { type Fit, fitOf, networkVariables, ourShape } from "./fit.js";
import { withWeights } from "./open.js";

export type Headers = ReadonlyMap<string, E.Either<Failure, Header>>;

/** Of each file, what can be known before any number is read. */
export const readHeaders = async (files: Iterable<string>): Promise<Headers> =>
  new Map(
    await Promise.all(
      [...files].map(async (file) => [file, await withWeights<Header>(file, E.right)()] as const),
    ),
  );

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
      weights.only,
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
  const { missing, misshapen, unexpected, auxiliary, fits } = fit;
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
  ];
  // What explains the first explains the others.
  return found.map((each, i) => (i === 0 ? each : { ...each, notes: [], help: [] }));
};

const difference = ({ variable, shape }: Fit["misshapen"][number]): string =>
  `${variable.name} is [${shape.join(", ")}], the network's [${variable.shape.join(", ")}]`;

export const spelling = ({ map, prefix, header }: Fit): string =>
  `read as ${header.format}, by the names of ${map.of}${prefix === "" ? "" : `, behind \`${prefix}\``}`;

/** Of the file: the convolution that images enter. */
const stemSize = ({ header, map }: Fit): number | undefined =>
  [...header.tensors.values()]
    .map(({ shape }) => ourShape(shape, map))
    .find(([, , channels], _, all) => all.length > 0 && channels === 3)?.[0];

const reasons = (fit: Fit, { backbone }: Model): readonly string[] => {
  const size = stemSize(fit);
  const isDeep = backbone.stem.kind === "deep";
  const [ours, theirs] = [backbone.blocks, blocksIn(fit)];
  const classes = fit.misshapen.find(({ variable }) => variable.name === "head.classifier.bias");
  return [
    ...(isDeep && size === 7 ? [says.shallowStem()] : []),
    ...(!isDeep && size === 3 ? [says.deepStem()] : []),
    ...(theirs.some((n, i) => n > 0 && n !== ours[i]) ? [says.otherDepth(theirs, ours)] : []),
    ...(classes === undefined
      ? []
      : [says.otherClasses(classes.shape[0]!, classes.variable.shape[0]!)]),
  ];
};

/** Blocks of each stage of the file's network, as its names count them. */
const blocksIn = ({ header, map, prefix }: Fit): readonly number[] => {
  const [template = ""] = map.block;
  const first = map.block[0].includes("{B}") ? 0 : 1;
  const pattern = template
    .replaceAll(".", "\\.")
    .replace("{s}", "(\\d+)")
    .replace(/\{[bB]\}/, "(\\d+)");
  const name = new RegExp(`^${pattern.replace("{k}", "\\d+")}\\.`);
  const counts = [0, 0, 0, 0];
  for (const each of header.tensors.keys()) {
    const [, stage, block] = name.exec(each.slice(prefix.length)) ?? [];
    const at = Number(stage) - 1;
    if (stage !== undefined && at in counts)
      counts[at] = Math.max(counts[at]!, Number(block) + first);
  }
  return counts;
};

const remedies = (fit: Fit, { backbone }: Model): readonly string[] => {
  const size = stemSize(fit);
  const off = [...fit.missing, ...fit.misshapen.map(({ variable }) => variable)];
  const outside = off.length > 0 && off.every(({ site }) => site?.part !== "backbone");
  if (fit.only === "all" && outside && fit.fits.length > 0)
    return [says.onlyBackbone(fit.header.file)];
  if (backbone.stem.kind === "deep" && size === 7)
    return ["write `stem: conv7` under `model.backbone`, or take weights with a deep stem"];
  if (backbone.stem.kind === "conv7" && size === 3)
    return ["write `stem: deep` under `model.backbone`, or take weights with a 7×7 stem"];
  return ["take the spec of the network that was trained, or weights of this one"];
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
