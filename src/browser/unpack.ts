/** Unpacks what a page carries: base64 of gzip, in elements of their own. */

export const unpacked = async (id: string): Promise<ArrayBuffer> => {
  const text = document.getElementById(id)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
};
