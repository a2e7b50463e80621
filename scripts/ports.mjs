// @ts-check
/** Free ports of the loopback, for servers that scripts start. */

import { createServer } from "node:net";

/**
 * Ports that were free a moment ago, each another.
 * @param {number} count
 * @returns {Promise<number[]>}
 */
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** @returns {Promise<import("node:net").Server>} */
function listening() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => done(server));
  });
}
