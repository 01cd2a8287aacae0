/** Parts of the page, which come as text. */
declare module "*.page.css" {
  const text: string;
  export default text;
}

declare module "*.page.js" {
  const text: string;
  export default text;
}
