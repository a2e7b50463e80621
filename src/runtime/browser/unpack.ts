/** Unpacks what a page carries: base64 of gzip, in elements of their own. */

export const unpacked = async (id: string): Promise<ArrayBuffer> => {
  const letters = atob(document.getElementById(id)?.textContent ?? "");
  const bytes = new Uint8Array(letters.length);
  // They are many: a loop takes a tenth of what `Uint8Array.from` takes.
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
};

/** Runs a program of the page in the page: its policy knows the text. */
export const runPacked = async (id: string): Promise<void> => {
  const script = document.createElement("script");
  script.textContent = new TextDecoder().decode(await unpacked(id));
  document.head.append(script);
};
