/**
 * Speeds of machines that nobody has measured, by their vector instructions: those of one machine each, with two cores
 * (docs/performance.md has what they lose elsewhere).
 */

import { byKind, byLayer, type Kind, type Rates, type Speeds } from "./speeds.js";

type Table<A> = Readonly<Record<Kind, A>>;

/** f32 on an EPYC with AVX2, at all sizes. */
const onAvx2: Table<number> = {
  product: 140,
  "convolution 1×1": 130,
  convolution: 100,
  "input gradient 1×1": 130,
  "input gradient": 100,
  "kernel gradient 1×1": 80,
  "kernel gradient": 50,
};

/** f32 on a Xeon with AVX-512, and bf16 on its AMX. */
const onAvx512: Table<Rates> = {
  product: [55, 116, 97],
  "convolution 1×1": [40, 157, 108],
  convolution: [122, 158, 100],
  "input gradient 1×1": [52, 177, 116],
  "input gradient": [126, 154, 121],
  "kernel gradient 1×1": [22, 78, 115],
  "kernel gradient": [45, 103, 104],
};
const onAmx: Table<Rates> = {
  product: [100, 550, 690],
  "convolution 1×1": [56, 256, 840],
  convolution: [420, 960, 530],
  "input gradient 1×1": [45, 300, 750],
  "input gradient": [390, 920, 740],
  "kernel gradient 1×1": [16, 67, 150],
  "kernel gradient": [170, 410, 340],
};

/** f32 and bf16 on an EPYC whose AVX-512 has bf16. */
const onEpyc: Table<Rates> = {
  product: [80, 156, 221],
  "convolution 1×1": [507, 346, 226],
  convolution: [235, 241, 221],
  "input gradient 1×1": [445, 295, 227],
  "input gradient": [239, 238, 220],
  "kernel gradient 1×1": [112, 161, 232],
  "kernel gradient": [226, 227, 225],
};
const onEpycInBf16: Table<Rates> = {
  product: [122, 214, 428],
  "convolution 1×1": [568, 521, 439],
  convolution: [462, 467, 455],
  "input gradient 1×1": [622, 878, 435],
  "input gradient": [497, 465, 469],
  "kernel gradient 1×1": [175, 187, 411],
  "kernel gradient": [396, 374, 356],
};

/** What a large kernel's gradient takes in bf16 where it was measured. */
const REORDER_BF16 = 0.89;
/** Not measured by itself: an operation has it in its own time. */
const none = byLayer(() => 0);

export const typical = {
  AVX2: {
    call: 50_000,
    move: 0.075,
    turn: 0.075,
    reorder: { f32: 0, bf16: REORDER_BF16 },
    start: { f32: none, bf16: none, tiles: none },
    rates: {
      f32: byKind((kind): Rates => [onAvx2[kind], onAvx2[kind], onAvx2[kind]]),
      bf16: onAmx,
    },
  },
  "AVX-512": {
    call: 50_000,
    move: 0.09,
    turn: 0.13,
    reorder: { f32: 0.24, bf16: REORDER_BF16 },
    start: { f32: none, bf16: none, tiles: none },
    rates: { f32: onAvx512, bf16: onAmx },
  },
  "AVX-512 with bf16": {
    call: 240,
    move: 0.02,
    turn: 0.023,
    reorder: { f32: 0.1, bf16: 0.24 },
    start: {
      f32: { convolution: 119_000, "input gradient": 115_000, "kernel gradient": 158_000 },
      bf16: { convolution: 101_000, "input gradient": 113_000, "kernel gradient": 205_000 },
      tiles: { convolution: 19_000, "input gradient": 23_000, "kernel gradient": 11_000 },
    },
    rates: { f32: onEpyc, bf16: onEpycInBf16 },
    tiles: {
      convolution: [66, 133, 164],
      "input gradient": [76, 137, 147],
      "kernel gradient": [59, 148, 189],
    },
  },
} as const satisfies Readonly<Record<string, Speeds>>;
