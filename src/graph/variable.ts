/** Variables: where in the network each one stands, what it is for, and how it begins. */

/** The dilated ResNet, and what PSPNet adds to it (paper, figure 3). */
export const PARTS = ["backbone", "pyramid", "head", "auxiliary"] as const;
export type Part = (typeof PARTS)[number];

/** Stages of a ResNet behind its stem. */
export const STAGES = [1, 2, 3, 4] as const;
export type Stage = (typeof STAGES)[number];

/** What a list of one thing a stage has for this stage. */
export const ofStage = <A>(each: readonly [A, A, A, A], stage: Stage): A => {
  const [first, second, third, fourth] = each;
  return { 1: first, 2: second, 3: third, 4: fourth }[stage];
};

/** A residual block of the backbone, counted from 1 in its stage; or its stem, which is stage 0. */
export type Block =
  | { readonly part: "backbone"; readonly stage: 0 }
  | { readonly part: "backbone"; readonly stage: Stage; readonly block: number };

/**
 * Where a layer stands: a convolution with the norm behind it. Layers of a stem and of a block count from 1; a block's
 * attention squeezes and excites (Hu et al. 2018).
 */
export type LayerSite =
  | (Extract<Block, { stage: 0 }> & { readonly layer: number })
  | (Exclude<Block, { stage: 0 }> & { readonly layer: number | "shortcut" | "squeeze" | "excite" })
  | { readonly part: "pyramid"; readonly bin: number }
  | { readonly part: "head" | "auxiliary"; readonly layer: "fuse" | "classifier" };

/** What a role means to training, to files and to people. */
interface Meaning {
  /** Moved by its gradient, and counted as a parameter. */
  readonly trained: boolean;
  /** Part of the network, and so of a file of weights; everything else belongs to the network's training. */
  readonly network: boolean;
  /** Lives from one step to the next, and so is in a checkpoint; what does not is 0, or made anew, when it is needed. */
  readonly saved: boolean;
  /** The settings of `optimizer.decay` under which weight decay pulls it towards 0. */
  readonly decay: readonly ("kernels" | "all")[];
}

/** A parameter of a layer. */
const parameter = { trained: true, network: true, saved: true, decay: ["all"] } as const;
/** A running statistic of a norm. */
const statistic = { trained: false, network: true, saved: true, decay: [] } as const;
/** What training keeps for itself. */
const training = { trained: false, network: false, saved: true, decay: [] } as const;

/** The meaning of every role: whoever asks what a variable is for asks this table. */
export const roles = {
  kernel: { ...parameter, decay: ["kernels", "all"] },
  bias: parameter,
  scale: parameter,
  shift: parameter,
  mean: statistic,
  variance: statistic,
  /** The velocity of a trained variable; with AdamW the mean of its gradients. */
  momentum: training,
  /** The mean of the squares of a trained variable's gradients. */
  square: training,
  /** The moving average of a trained variable. */
  average: training,
  /** The sum of a trained variable's gradients while a batch comes in parts. */
  gradient: { ...training, saved: false },
  /** Counts the steps of a training. */
  step: training,
  /** What weights alone decide in a network that is asked (rewrite/freeze.ts). */
  settled: { ...training, saved: false },
} as const satisfies Readonly<Record<string, Meaning>>;

export type Role = keyof typeof roles;

/** Roles of which a network consists: they name the variables of a layer. */
export type Word = { [R in Role]: (typeof roles)[R]["network"] extends true ? R : never }[Role];

/** Where a variable stands. What training keeps beside a parameter stands where the parameter does. */
export type Site = LayerSite & { readonly word: Word };

type Of = { readonly role: Role };

export const isTrained = ({ role }: Of): boolean => roles[role].trained;
export const isNetwork = ({ role }: Of): boolean => roles[role].network;
export const isSaved = ({ role }: Of): boolean => roles[role].saved;
export const isDecayed = ({ role }: Of, decay: "kernels" | "all"): boolean => {
  const under: Meaning["decay"] = roles[role].decay;
  return under.includes(decay);
};

/** Which half of a layer a word belongs to. */
const halves: Readonly<Record<Word, "conv" | "norm">> = {
  kernel: "conv",
  bias: "conv",
  scale: "norm",
  shift: "norm",
  mean: "norm",
  variance: "norm",
};
export const isOfNorm = (word: Word): boolean => halves[word] === "norm";

/** `stem`, `stage3.block2`. */
export const blockName = (at: Block): string =>
  at.stage === 0 ? "stem" : `stage${at.stage}.block${at.block}`;

/** `backbone.stem1`, `backbone.stage3.block2.shortcut`, `pyramid.bin6`, `head.classifier`. */
export const layerName = (site: LayerSite): string => {
  switch (site.part) {
    case "backbone":
      return `backbone.${blockName(site)}${site.stage === 0 ? "" : "."}${site.layer}`;
    case "pyramid":
      return `pyramid.bin${site.bin}`;
    case "head":
    case "auxiliary":
      return `${site.part}.${site.layer}`;
  }
};

/** `backbone.stem1.norm.scale`, and `head.classifier.kernel` where no norm follows: the names in checkpoints. */
export const variableName = (site: Site): string => {
  const isBare = "layer" in site && site.layer === "classifier";
  return `${layerName(site)}.${isBare ? "" : `${halves[site.word]}.`}${site.word}`;
};

/** How a variable begins; drawn by name and seed in weights/. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  /** Normal with variance 2 / fan-out (He et al. 2015), for layers before a ReLU. */
  | { readonly kind: "kaiming"; readonly fan: number }
  /** Uniform on ±bound (PyTorch's default for layers that nobody initialises). */
  | { readonly kind: "uniform"; readonly bound: number }
  /** As the variable `of` begins. */
  | { readonly kind: "copy"; readonly of: string; readonly initial: Initial };
