/** The three files of a package of winget, for Windows. */
import { stringify } from "yaml";
import { downloadOf } from "./downloads.ts";
import type { Product } from "./product.ts";

const SCHEMA = "1.10.0";
/** Publisher and name, as the folders of winget-pkgs have them. */
const IDENTIFIER = "McpBridge.McpBridge";

/** The files by name; `sums` are the checksums by file. */
export function wingetManifests(product: Product, sums: ReadonlyMap<string, string>): Record<string, string> {
  const common = { PackageIdentifier: IDENTIFIER, PackageVersion: product.version };
  return {
    [`${IDENTIFIER}.yaml`]: manifest("version", { ...common, DefaultLocale: "en-US" }),
    [`${IDENTIFIER}.locale.en-US.yaml`]: manifest("defaultLocale", {
      ...common,
      PackageLocale: "en-US",
      Publisher: product.name,
      PackageName: product.name,
      PackageUrl: product.homepage,
      License: product.license,
      LicenseUrl: `${product.homepage}/blob/v${product.version}/LICENSE`,
      ShortDescription: product.description,
      Moniker: product.name,
      Tags: ["cli", "mcp", "model-context-protocol", "oauth"],
    }),
    [`${IDENTIFIER}.installer.yaml`]: manifest("installer", {
      ...common,
      InstallerType: "zip",
      NestedInstallerType: "portable",
      Commands: [product.name],
      Installers: ["x64", "arm64"].map((cpu) => installer(product, sums, cpu)),
    }),
  };
}

function installer(product: Product, sums: ReadonlyMap<string, string>, cpu: string): object {
  const { url, sha256, folder } = downloadOf(product, sums, `windows-${cpu}`, "zip");
  return {
    Architecture: cpu,
    NestedInstallerFiles: [{ RelativeFilePath: `${folder}\\mcp-bridge.exe`, PortableCommandAlias: product.name }],
    InstallerUrl: url,
    InstallerSha256: sha256.toUpperCase(),
  };
}

function manifest(type: string, content: object): string {
  const schema = `# yaml-language-server: $schema=https://aka.ms/winget-manifest.${type}.${SCHEMA}.schema.json\n`;
  return schema + stringify({ ...content, ManifestType: type, ManifestVersion: SCHEMA });
}
