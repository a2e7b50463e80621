/** A live page for this machine alone: a port enters, the address of a server leaves, which knows two paths. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Failed } from "../diagnostic/failure.js";
import { cannotListen } from "./errors.js";
import type { Drawn } from "./live.js";
import { policy } from "./page/page.js";

export interface Serving {
  readonly url: string;
  /** Ends what is under way, too. */
  readonly close: () => Promise<void>;
}

/** Port 0 takes any that is free. @throws Failed where the port cannot be had. */
export const serve = async (draw: () => Promise<Drawn>, port: number): Promise<Serving> => {
  const server = createServer((request, response) => {
    answer(server, draw, request, response).catch((error: Error) => {
      // Whoever reads it reloads soon; a run that is written at this moment is whole then.
      if (!response.headersSent) send(response, 500, "text/plain", error.message);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Failed(cannotListen(port, error.message))));
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
};

const answer = async (
  server: Server,
  draw: () => Promise<Drawn>,
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  // A name that an attacker lets point to this machine is not this machine's.
  const own = ["127.0.0.1", "localhost"].map((name) => `${name}:${portOf(server)}`);
  if (!own.includes(headers.host ?? "")) return send(response, 421, "text/plain", "not this host");
  if (method !== "GET" && method !== "HEAD")
    return send(response, 405, "text/plain", "GET or HEAD", { Allow: "GET, HEAD" });
  if (url === "/") return send(response, 200, "text/html", (await draw()).text);
  if (url === "/version") return send(response, 200, "text/plain", (await draw()).version);
  // No path is a file's: what the page shows is in it.
  return send(response, 404, "text/plain", "there is only /");
};

const send = (
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  more: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, {
    "Content-Type": `${type}; charset=utf-8`,
    "Content-Security-Policy": `${policy(true)}; frame-ancestors 'none'`,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    ...more,
  });
  response.end(text);
};
