/** What the release says of the product: package.json is the only place where that stands. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The top of the repository. */
export const ROOT: string = join(import.meta.dir, "..", "..");

/** The product, as packages and manifests name it. */
export interface Product {
  readonly name: string;
  /** By semantic versioning, without a "v". */
  readonly version: string;
  /** One sentence with a full stop. */
  readonly description: string;
  /** An SPDX identifier. */
  readonly license: string;
  /** The page of the repository, without a slash at the end. */
  readonly homepage: string;
}

/** Reads the product in `folder`. Throws where package.json lacks something that a release has to say. */
export function readProduct(folder: string = ROOT): Product {
  const { name, version, description, license, homepage } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const product = { name, version, description, license, homepage };
  for (const [key, value] of Object.entries(product)) {
    if (typeof value !== "string" || value === "") throw new Error(`package.json has no '${key}'`);
  }
  return product;
}

/** Where the file `name` of the release is downloaded. */
export function downloadUrl(product: Product, name: string): string {
  return `${product.homepage}/releases/download/v${product.version}/${name}`;
}
