/** What the rules say of the section `model`. */

import { type Diagnostic, error, note, warning } from "../diagnostic/diagnostic.js";
import {
  binsPath,
  by,
  dilationsPath,
  featureFrom,
  freezePath,
  type Geometry,
  place,
  type Size,
  strideFrom,
  useCrops,
} from "./places.js";

export const unevenBins = (
  g: Geometry,
  bins: readonly number[],
  better: readonly Size[],
): Diagnostic =>
  note(
    "E0502",
    `${bins.length === 1 ? `bin ${bins[0]} does` : `bins ${bins.join(", ")} do`} not divide the ${by(g.feature)} feature map`,
    place(binsPath, "their cells overlap by a row or column"),
    {
      related: [featureFrom(g)],
      help: [`nothing has to change; for cells of one size ${useCrops(better, "a crop")}`],
    },
  );

export const binTooLarge = (g: Geometry, bin: number, index: number, least: number): Diagnostic =>
  error(
    "E0503",
    `pyramid bin ${bin} does not fit a ${by(g.feature)} feature map`,
    place([...binsPath, index], `needs at least ${bin}×${bin}`),
    {
      related: [featureFrom(g), strideFrom(g)],
      help: [`use a crop of at least ${least}, or drop bin ${bin}`],
    },
  );

export const noBranchChannels = (features: number, bins: readonly number[]): Diagnostic =>
  error(
    "E0504",
    "the reduction leaves no channel for the pyramid's branches",
    place(["model", "pyramid", "reduction"], `more than the ${features} channels of the backbone`),
    {
      related: [place(binsPath, `${bins.length} levels`)],
      help: [`use a reduction of at most ${features}, or \`none\``],
    },
  );

export const auxiliaryWeightless = (): Diagnostic =>
  error(
    "E0506",
    "an auxiliary head of weight 0 learns nothing",
    place(["model", "auxiliary", "weight"], "costs time and changes nothing"),
    { help: ["write `auxiliary: none`"] },
  );

export const strideSiteMissing = (): Diagnostic =>
  error(
    "E0507",
    "basic blocks have no 1×1 convolution to carry the stride",
    place(["model", "backbone", "stride_site"], "only bottlenecks have one"),
    {
      related: [place(["model", "backbone", "resnet"], "these blocks are basic")],
      help: ["remove `stride_site`, or use a bottleneck network: 50, 101, 152, 269"],
    },
  );

export const contractedOdd = (stage: number, dilation: number): Diagnostic =>
  error(
    "E0508",
    `half of dilation ${dilation} is no whole number`,
    place([...dilationsPath, stage], `stage ${stage + 1} begins with half its dilation`),
    {
      related: [
        place(
          ["model", "backbone", "first_dilation"],
          "`contracted` halves the first block's dilation",
        ),
      ],
      help: ["use an even dilation, or `first_dilation: full`"],
    },
  );

export const auxiliaryOnFrozen = (after: number, stages: number): Diagnostic =>
  warning(
    "E0542",
    "the auxiliary head teaches nothing but itself",
    place(["model", "auxiliary", "after"], `reads stage ${after}`),
    {
      related: [place([...freezePath, "stages"], `stages 1 to ${stages} do not learn`)],
      help: ["write `auxiliary: none`; or freeze fewer stages"],
    },
  );

export const repeatedBin = (bin: number, index: number, first: number): Diagnostic =>
  warning(
    "E0520",
    `bin ${bin} stands twice in the pyramid`,
    place([...binsPath, index], "the same map again"),
    { related: [place([...binsPath, first], "first here")], help: ["keep one"] },
  );
