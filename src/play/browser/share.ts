/** A spec as the fragment of an address, which no server is sent: packed, in the letters that addresses have. */

export const fragmentOf = async (text: string): Promise<string> => {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `#spec=${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
};

/** Longer ones are no specs. */
const MOST = 200_000;

/** Nothing where the fragment holds no spec, or a damaged one. */
export const textIn = async (fragment: string): Promise<string | undefined> => {
  const [, letters] = /^#spec=([\w-]+)$/.exec(fragment) ?? [];
  if (letters === undefined || letters.length > MOST) return undefined;
  try {
    const whole = atob(letters.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(whole, (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    const text = await new Response(stream).text();
    return text.length > MOST ? undefined : text;
  } catch {
    return undefined;
  }
};
