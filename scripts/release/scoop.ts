/** The manifest of Scoop, for Windows. */
import { SUMS } from "./checksums.ts";
import { type Download, downloadOf } from "./downloads.ts";
import type { Product } from "./product.ts";

/**
 * The text of `mcp-bridge.json`; `sums` are the checksums by file. Of a .tar.xz Scoop sees that it wants 7-Zip, and gets that
 * first; a .zip is a third larger.
 */
export function scoopManifest(product: Product, sums: ReadonlyMap<string, string>): string {
  const x64 = downloadOf(product, sums, "windows-x64");
  const arm64 = downloadOf(product, sums, "windows-arm64");
  const next = ({ url, folder }: Download): object => ({
    url: url.replaceAll(product.version, "$version"),
    extract_dir: folder.replace(product.version, "$version"),
  });
  return `${
    JSON.stringify(
      {
        version: product.version,
        description: product.description,
        homepage: product.homepage,
        license: product.license,
        architecture: { "64bit": part(x64), arm64: part(arm64) },
        bin: "mcp-bridge.exe",
        checkver: { github: product.homepage },
        autoupdate: {
          architecture: { "64bit": next(x64), arm64: next(arm64) },
          hash: { url: `$baseurl/${SUMS}` },
        },
      },
      undefined,
      4,
    )
  }\n`;
}

function part({ url, sha256, folder }: Download): object {
  return { url, hash: sha256, extract_dir: folder };
}
