/** Before the tests: dist/ as src/ is now, because worker threads and the program itself run from there. */

import { emit } from "../scripts/setup/dist.mjs";

export default async function setup(): Promise<void> {
  await emit(process.cwd());
}
