// @ts-check
/**
 * PSPNet in stock tfjs, as one writes it by hand: a model enters, a function from images `[N, H, W, 3]` to logits leaves.
 * Dilation is by space-to-batch, because tfjs refuses the gradient of a dilated convolution. Padding is 'same', which
 * is the paper's on the odd sizes that crops of 8n + 1 pixels keep.
 */

/**
 * @typedef {typeof import("@tensorflow/tfjs-node-gpu")} TensorFlow
 * @typedef {import("@tensorflow/tfjs-node-gpu").Tensor} Tensor
 * @typedef {import("@tensorflow/tfjs-node-gpu").Tensor4D} Tensor4D
 * @typedef {import("@tensorflow/tfjs-node-gpu").Variable} Variable
 * @typedef {import("../src/normalize/experiment.js").Model} Model
 * @typedef {{ main: Tensor4D, auxiliary: Tensor4D | null }} Logits
 * @typedef {{ channels: number, size: number, stride?: number, dilation?: number, bias?: boolean }} Convolution
 */

/**
 * Variables are made when the function is first called; `trained` and `statistics` then hold them by name.
 * @param {TensorFlow} tf @param {Model} model @param {number} classes @param {boolean} training
 */
export const tfjsNetwork = (tf, model, classes, training) => {
  /** @type {Map<string, Variable>} */
  const trained = new Map();
  /** @type {Map<string, Variable>} */
  const statistics = new Map();

  /** @param {Map<string, Variable>} all @param {string} name @param {() => Tensor} initial */
  const variable = (all, name, initial) => {
    const known = all.get(name);
    if (known !== undefined) return known;
    const made = tf.tidy(() => tf.variable(initial(), all === trained, name));
    all.set(name, made);
    return made;
  };
  /** @param {Map<string, Variable>} all @param {string} name @param {number} n @param {number} value */
  const vector = (all, name, n, value) =>
    /** @type {import("@tensorflow/tfjs-node-gpu").Tensor1D} */ (
      /** @type {Tensor} */ (variable(all, name, () => tf.fill([n], value)))
    );

  /** @param {Tensor4D} x @param {Tensor4D} kernel @param {number} dilation @returns {Tensor4D} */
  const dilated = (x, kernel, dilation) => {
    const more = [x.shape[1], x.shape[2]].map((n) => [0, (dilation - (n % dilation)) % dilation]);
    const tiles = tf.spaceToBatchND(x, [dilation, dilation], more);
    return tf.batchToSpaceND(tf.conv2d(tiles, kernel, 1, "same"), [dilation, dilation], more);
  };

  /** @param {string} name @param {Tensor4D} x @param {Convolution} of @returns {Tensor4D} */
  const conv = (name, x, { channels, size, stride = 1, dilation = 1, bias = false }) => {
    const shape = [size, size, x.shape[3], channels];
    const deviation = Math.sqrt(2 / (size * size * channels));
    const kernel = /** @type {Tensor4D} */ (
      /** @type {Tensor} */ (
        variable(trained, `${name}.kernel`, () => tf.randomNormal(shape, 0, deviation))
      )
    );
    const y =
      dilation > 1 && size > 1
        ? dilated(x, kernel, dilation)
        : tf.conv2d(x, kernel, stride, "same");
    return bias ? tf.add(y, vector(trained, `${name}.bias`, channels, 0)) : y;
  };

  /** @param {string} name @param {Tensor4D} x @returns {Tensor4D} */
  const norm = (name, x) => {
    const [n, h, w, channels] = x.shape;
    const scale = vector(trained, `${name}.scale`, channels, 1);
    const shift = vector(trained, `${name}.shift`, channels, 0);
    const running = [
      vector(statistics, `${name}.mean`, channels, 0),
      vector(statistics, `${name}.variance`, channels, 1),
    ];
    const { epsilon, momentum } = model.norm;
    if (!training) return tf.batchNorm(x, running[0], running[1], shift, scale, epsilon);
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    const count = n * h * w;
    for (const [i, now] of [mean, variance.mul(count / (count - 1))].entries()) {
      const moved = running[i].mul(momentum).add(now.mul(1 - momentum));
      /** @type {Variable} */ (/** @type {Tensor} */ (running[i])).assign(moved);
    }
    return /** @type {Tensor4D} */ (
      tf.batchNorm(
        x,
        /** @type {import("@tensorflow/tfjs-node-gpu").Tensor1D} */ (mean),
        /** @type {import("@tensorflow/tfjs-node-gpu").Tensor1D} */ (variance),
        shift,
        scale,
        epsilon,
      )
    );
  };
  /** @param {string} name @param {Tensor4D} x @param {Convolution} of */
  const convNorm = (name, x, of) => norm(`${name}.norm`, conv(`${name}.conv`, x, of));
  /** @param {string} name @param {Tensor4D} x @param {Convolution} of @returns {Tensor4D} */
  const convNormRelu = (name, x, of) => tf.relu(convNorm(name, x, of));

  /**
   * @param {string} name @param {Tensor4D} x
   * @param {number} planes @param {number} stride @param {number} dilation @returns {Tensor4D}
   */
  const block = (name, x, planes, stride, dilation) => {
    const { block: kind, stride_site } = model.backbone;
    const channels = kind === "basic" ? planes : 4 * planes;
    const [outer, inner] = stride_site === "1x1" ? [stride, 1] : [1, stride];
    const middle = { channels: planes, size: 3, dilation };
    const y =
      kind === "basic"
        ? convNorm(`${name}.2`, convNormRelu(`${name}.1`, x, { ...middle, stride }), middle)
        : convNorm(
            `${name}.3`,
            convNormRelu(
              `${name}.2`,
              convNormRelu(`${name}.1`, x, { channels: planes, size: 1, stride: outer }),
              { ...middle, stride: inner },
            ),
            { channels, size: 1 },
          );
    const same = stride === 1 && x.shape[3] === channels;
    const shortcut = same ? x : convNorm(`${name}.shortcut`, x, { channels, size: 1, stride });
    return tf.relu(tf.add(y, shortcut));
  };

  /** @param {Tensor4D} image */
  const backbone = (image) => {
    const { stem, blocks, width, strides, dilations, first_dilation } = model.backbone;
    const sizes = stem.kind === "deep" ? stem.channels : [stem.channels];
    const size = stem.kind === "deep" ? 3 : 7;
    let x = image;
    for (const [i, channels] of sizes.entries())
      x = convNormRelu(`backbone.stem${i + 1}`, x, { channels, size, stride: i === 0 ? 2 : 1 });
    x = tf.maxPool(x, 3, 2, "same");
    return blocks.map((count, stage) => {
      const dilation = dilations[stage];
      const first = first_dilation === "contracted" ? Math.max(1, dilation >> 1) : dilation;
      for (let i = 0; i < count; i++) {
        const stride = i === 0 ? strides[stage] : 1;
        const name = `backbone.stage${stage + 1}.block${i + 1}`;
        x = block(name, x, width << stage, stride, i === 0 ? first : dilation);
      }
      return x;
    });
  };

  /** @param {Tensor4D} x @param {number} height @param {number} width @returns {Tensor4D} */
  const up = (x, height, width) =>
    tf.image.resizeBilinear(x, [height, width], model.align_corners, !model.align_corners);

  /** Means over the cells of one bin: a product along the rows, one along the columns. @param {Tensor4D} x @param {number} bin */
  const average = (x, bin) => {
    const [n, h, w, c] = x.shape;
    const rows = tf.matMul(cells(tf, bin, h), x.reshape([n, h, w * c]));
    return /** @type {Tensor4D} */ (
      tf.matMul(cells(tf, bin, w), rows.reshape([n, bin, w, c])).reshape([n, bin, bin, c])
    );
  };

  /** @param {Tensor4D} x @returns {Tensor4D} */
  const pyramid = (x) => {
    if (model.pyramid === null) return x;
    const { bins, channels, order } = model.pyramid;
    const maps = bins.map((bin) => {
      const pooled = average(x, bin);
      const name = `pyramid.bin${bin}`;
      const small = channels === null ? pooled : convNormRelu(name, pooled, { channels, size: 1 });
      return up(small, x.shape[1], x.shape[2]);
    });
    return tf.concat([x, ...(order === "ascending" ? maps : maps.toReversed())], 3);
  };

  /** @param {string} name @param {Tensor4D} x @param {{ channels: number, dropout: number }} of */
  const classifier = (name, x, { channels, dropout }) => {
    const fused = convNormRelu(`${name}.fuse`, x, { channels, size: 3 });
    const kept = () =>
      tf.randomUniform([x.shape[0], 1, 1, channels]).greaterEqual(dropout).cast("float32");
    const dropped =
      training && dropout > 0
        ? /** @type {Tensor4D} */ (fused.mul(kept().div(1 - dropout)))
        : fused;
    return conv(`${name}.classifier`, dropped, { channels: classes, size: 1, bias: true });
  };

  /** At the image's size. @param {Tensor4D} image @returns {Logits} */
  const forward = (image) => {
    const [, height, width] = image.shape;
    const stages = backbone(image);
    const main = up(classifier("head", pyramid(stages[3]), model.head), height, width);
    const of = model.auxiliary;
    if (!training || of === null) return { main, auxiliary: null };
    return {
      main,
      auxiliary: up(classifier("auxiliary", stages[of.after - 1], of), height, width),
    };
  };
  return { forward, trained, statistics };
};

/** Row i is the mean over cell i of `bin` cells of `n` pixels. @param {TensorFlow} tf @param {number} bin @param {number} n */
const cells = (tf, bin, n) =>
  tf.tensor2d(
    Array.from({ length: bin }, (_, i) => {
      const [start, end] = [Math.floor((i * n) / bin), Math.ceil(((i + 1) * n) / bin)];
      return Array.from({ length: n }, (__, j) => (j >= start && j < end ? 1 / (end - start) : 0));
    }),
  );
