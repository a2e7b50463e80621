// @ts-check
/**
 * Serves a run's network over HTTP: POST a picture, get the PNG of its classes, or, where JSON is accepted, the classes
 * that occur with their pixels and shares. `node examples/serve/serve.mjs RUN [--port 8080] [--host 127.0.0.1] [--best]`.
 */

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { decodeImage, encodeClasses, Failed, openPredictor } from "pspc";

const MEGABYTE = 2 ** 20;

/**
 * @typedef {object} Limits
 * @property {number} [bytes] Of a body; 16 MiB unless said.
 * @property {number} [pixels] Of a picture, whatever its bytes unpack to; 4 million unless said.
 * @property {number} [waiting] Requests that wait or are computed; one more is told to come back.
 */

/** A request that is answered with a status and a sentence. */
class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {Record<string, string>} headers
   */
  constructor(status, message, headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * A server around an open predictor; the caller listens, and closes both.
 * @param {import("pspc").Predictor} predictor
 * @param {Limits} [limits]
 */
export function server(predictor, { bytes = 16 * MEGABYTE, pixels = 4e6, waiting = 8 } = {}) {
  let inside = 0;
  const { images: reading } = predictor.program.experiment.data;

  /** @param {import("node:http").IncomingMessage} request */
  const answer = async (request) => {
    if (request.method === "GET") return json({ classes: predictor.names });
    if (request.method !== "POST") throw new Refused(405, "POST a picture", { allow: "GET, POST" });
    if (inside >= waiting)
      throw new Refused(503, `${waiting} pictures are waiting already`, { "retry-after": "1" });
    inside += 1;
    try {
      const body = await bodyOf(request, bytes);
      const picture = await decodeImage(body, { reading, maxPixels: pixels });
      const found = await predictor.predict(picture);
      const { height, width, areas } = found;
      return wantsJson(request)
        ? json({ height, width, areas })
        : { type: "image/png", body: encodeClasses(found, predictor.palette) };
    } finally {
      inside -= 1;
    }
  };

  return createServer({ requestTimeout: 30_000 }, async (request, response) => {
    try {
      const { type, body } = await answer(request);
      response.writeHead(200, { "content-type": type, "content-length": body.length }).end(body);
    } catch (error) {
      const { status, message, headers } = refusal(error);
      const { type, body } = json({ error: message });
      // What of the body was not read would be taken for the next request.
      const all = { ...headers, "content-type": type, connection: "close" };
      response.writeHead(status, all).end(body);
    }
  });
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {number} most
 */
async function bodyOf(request, most) {
  const tooLarge = new Refused(413, `a picture may have ${most} bytes`);
  if (Number(request.headers["content-length"]) > most) throw tooLarge;
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > most) throw tooLarge;
    parts.push(part);
  }
  if (length === 0) throw new Refused(400, "the body is empty: POST the bytes of a picture");
  return Buffer.concat(parts);
}

/** @param {import("node:http").IncomingMessage} request */
const wantsJson = ({ headers }) => (headers.accept ?? "").includes("application/json");

/** @param {object} value */
const json = (value) => ({
  type: "application/json",
  body: Buffer.from(`${JSON.stringify(value)}\n`),
});

/** @param {unknown} error */
function refusal(error) {
  if (error instanceof Refused) return error;
  if (error instanceof Failed) {
    const { message, reason } = error.failure;
    return new Refused(400, reason === undefined ? message : `${message}: ${reason}`);
  }
  console.error(error);
  return new Refused(500, "the server failed; its log says why");
}

/** @param {string[]} args */
async function main(args) {
  const { values, positionals } = parseArgs({
    args,
    options: {
      port: { type: "string", default: "8080" },
      host: { type: "string", default: "127.0.0.1" },
      best: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const [run] = positionals;
  if (run === undefined) throw new Error("name a run: node serve.mjs runs/camvid");
  const predictor = await openPredictor({ run, best: values.best });
  const http = server(predictor);
  http.listen(Number(values.port), values.host, () => {
    const address = http.address();
    const port = typeof address === "object" ? address?.port : values.port;
    console.log(`${run} at http://${values.host}:${port}/`);
  });
  for (const signal of ["SIGINT", "SIGTERM"])
    process.once(signal, () => {
      // Nobody new comes in, and whoever is inside is answered.
      http.close(() => predictor.close());
      http.closeIdleConnections();
    });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  main(process.argv.slice(2)).catch((error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
