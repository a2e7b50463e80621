/** A trained network as a SavedModel for servers: one signature, `serving_default`, its weights constants. */

import * as E from "fp-ts/lib/Either.js";
import type { Format } from "../target/format.js";
import { frozenNodes } from "./frozen.js";
import { encode } from "./proto.js";

/** In the layout of TensorFlow Serving: a folder a version. */
export const servingModel: Format = {
  name: "SavedModel",
  ending: ".savedmodel",
  kind: "folder",
  image: "u8",
  precisions: ["f32"],
  write: (network) => {
    const { nodes, ...serving_default } = frozenNodes(network, "TensorFlow");
    return E.right(
      new Map([["1/saved_model.pb", encode({ nodes, signatures: { serving_default } })]]),
    );
  },
};
