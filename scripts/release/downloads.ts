/** What the manifests of package managers need to know of a release: where each file is, and its checksum. */
import { downloadUrl, type Product } from "./product.ts";
import { archiveName, type Packing, TARGETS } from "./targets.ts";

/** One file that is downloaded. */
export interface Download {
  readonly url: string;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** The folder that all its files are in. */
  readonly folder: string;
}

/** The archive of a target. Throws where there is none, or no checksum of it. */
export function downloadOf(
  product: Product,
  sums: ReadonlyMap<string, string>,
  name: string,
  packing: Packing = "tar.xz",
): Download {
  const target = TARGETS.find((target) => target.name === name && target.archives.includes(packing));
  if (target === undefined) throw new Error(`there is no ${packing} of '${name}'`);
  const file = archiveName(product.version, target, packing);
  const sha256 = sums.get(file);
  if (sha256 === undefined) throw new Error(`there is no checksum of ${file}`);
  return { url: downloadUrl(product, file), sha256, folder: file.slice(0, -packing.length - 1) };
}
