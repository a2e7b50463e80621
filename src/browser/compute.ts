/** The network in a thread of its own; or in the page's, where a browser gives it none. */

import { Computer } from "../runtime/browser/network.js";
import { answering } from "../runtime/browser/thread.js";

const computer = new Computer();

if (typeof document === "undefined") answering(self, () => computer);
else
  window.addEventListener(
    "message",
    ({ ports: [port] }) => {
      port?.start();
      if (port !== undefined) answering(port, () => computer);
    },
    { once: true },
  );
