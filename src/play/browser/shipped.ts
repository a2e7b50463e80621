/** The shipped specs, which the playground opens and extends. */

import ablationAde20k from "../../../specs/ablation-ade20k.yaml";
import baseAde20k from "../../../specs/base/ade20k.yaml";
import baseCityscapes from "../../../specs/base/cityscapes.yaml";
import basePspnet from "../../../specs/base/pspnet.yaml";
import baseVoc2012 from "../../../specs/base/voc2012.yaml";
import camvid from "../../../specs/camvid.yaml";
import pspnetMobilenet from "../../../specs/pspnet-mobilenet.yaml";
import pspnet50Ade20k from "../../../specs/pspnet50-ade20k.yaml";
import pspnet50Cityscapes from "../../../specs/pspnet50-cityscapes.yaml";
import pspnet50Voc2012 from "../../../specs/pspnet50-voc2012.yaml";
import pspnet101Ade20k from "../../../specs/pspnet101-ade20k.yaml";
import pspnet101Cityscapes from "../../../specs/pspnet101-cityscapes.yaml";
import pspnet101Voc2012 from "../../../specs/pspnet101-voc2012.yaml";
import pspnet152Ade20k from "../../../specs/pspnet152-ade20k.yaml";
import pspnet152Cityscapes from "../../../specs/pspnet152-cityscapes.yaml";
import pspnet152Voc2012 from "../../../specs/pspnet152-voc2012.yaml";
import pspnet269Ade20k from "../../../specs/pspnet269-ade20k.yaml";
import pspnet269Cityscapes from "../../../specs/pspnet269-cityscapes.yaml";
import pspnet269Voc2012 from "../../../specs/pspnet269-voc2012.yaml";
import type { Given } from "./compiler.js";

/** What a page opens at first. */
export const textOf = ({ name, files, text }: Given): string =>
  text ?? files[name] ?? shipped[name] ?? "";

/** By the names under which they extend each other. */
export const shipped: Readonly<Record<string, string>> = {
  "/specs/ablation-ade20k.yaml": ablationAde20k,
  "/specs/camvid.yaml": camvid,
  "/specs/pspnet101-ade20k.yaml": pspnet101Ade20k,
  "/specs/pspnet101-cityscapes.yaml": pspnet101Cityscapes,
  "/specs/pspnet101-voc2012.yaml": pspnet101Voc2012,
  "/specs/pspnet152-ade20k.yaml": pspnet152Ade20k,
  "/specs/pspnet152-cityscapes.yaml": pspnet152Cityscapes,
  "/specs/pspnet152-voc2012.yaml": pspnet152Voc2012,
  "/specs/pspnet269-ade20k.yaml": pspnet269Ade20k,
  "/specs/pspnet269-cityscapes.yaml": pspnet269Cityscapes,
  "/specs/pspnet269-voc2012.yaml": pspnet269Voc2012,
  "/specs/pspnet50-ade20k.yaml": pspnet50Ade20k,
  "/specs/pspnet50-cityscapes.yaml": pspnet50Cityscapes,
  "/specs/pspnet50-voc2012.yaml": pspnet50Voc2012,
  "/specs/pspnet-mobilenet.yaml": pspnetMobilenet,
  "/specs/base/ade20k.yaml": baseAde20k,
  "/specs/base/cityscapes.yaml": baseCityscapes,
  "/specs/base/pspnet.yaml": basePspnet,
  "/specs/base/voc2012.yaml": baseVoc2012,
};
