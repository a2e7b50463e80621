/** Unpacks the page's program and runs it; says so where the browser cannot. */

const begin = async (): Promise<void> => {
  const packed = document.getElementById("main")?.textContent ?? "";
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
};

begin().catch((error: unknown) => {
  const told = document.getElementById("problems");
  if (told !== null) told.textContent = `This browser is too old for the playground: ${error}`;
});
