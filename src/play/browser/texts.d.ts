/** Specs that a page holds, as their text. */

declare module "*.yaml" {
  const text: string;
  export default text;
}
