/** Pages that verbs serve to this machine alone until Ctrl-C. */

import { number, option } from "cmd-ts";
import { type Drawn, serve } from "../report/live.js";
import { stops } from "./follow.js";
import { print, type Terminal, tell } from "./terminal.js";
import { badPort } from "./verb/errors.js";

export const portOption = option({
  long: "port",
  type: number,
  description: "on 127.0.0.1; 0 takes any that is free",
  defaultValue: () => 8417,
  defaultValueIsSerializable: true,
});

/** @throws Misused */
export const requirePort = (port: number): void => {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badPort(port);
};

/** The address goes to stdout. @throws Failed where the port cannot be had. */
export const serveUntilStopped = async (
  terminal: Terminal,
  draw: () => Promise<Drawn>,
  port: number,
): Promise<void> => {
  const stopped = interruption();
  const { url, close } = await serve(draw, port);
  print(terminal, url);
  tell(terminal, "Ctrl-C stops serving");
  await stopped;
  await close();
  tell(terminal, "\nstopped");
};

const interruption = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of stops) process.off(signal, stop);
      resolve();
    };
    for (const signal of stops) process.on(signal, stop);
  });
