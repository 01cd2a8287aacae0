/** What package managers are told, by the rules of each. */
import { expect, test } from "bun:test";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { parse } from "yaml";
import { homebrewFormula } from "../../../scripts/release/homebrew.ts";
import { readProduct } from "../../../scripts/release/product.ts";
import { scoopManifest } from "../../../scripts/release/scoop.ts";
import { archiveName, TARGETS } from "../../../scripts/release/targets.ts";
import { wingetManifests } from "../../../scripts/release/winget.ts";

const PRODUCT = { ...readProduct(), version: "1.2.3" };
const SUMS = new Map(
  TARGETS.flatMap((target) => target.archives.map((packing) => archiveName("1.2.3", target, packing)))
    .map((name, index) => [name, String(index).padStart(64, "a")]),
);
const DOWNLOADS = `${PRODUCT.homepage}/releases/download/v1.2.3/`;

/** The file and checksum pairs that a text names, which must be those of the release. */
function expectSums(text: string, pairs: [url: string, sum: string][], count: number): void {
  expect(pairs).toHaveLength(count);
  for (const [url, sum] of pairs) {
    expect(text).toContain(url);
    expect(SUMS.get(url.replace(DOWNLOADS, ""))).toBe(sum.toLowerCase());
  }
}

test("the formula names for each system of Homebrew the archive with its checksum (D2)", () => {
  const formula = homebrewFormula(PRODUCT, SUMS);
  const pairs = [...formula.matchAll(/url "([^"]+)"\s+sha256 "([^"]+)"/g)].map(([, url, sum]) => [url, sum]);
  expectSums(formula, pairs as [string, string][], 4);
});

test.skipIf(Bun.which("ruby") === null)("the formula is Ruby", () => {
  const formula = homebrewFormula({ ...PRODUCT, description: 'A "quoted" #{exit} text.' }, SUMS);
  const ruby = Bun.spawnSync(["ruby", "-W2", "-c"], { stdin: Buffer.from(formula) });
  expect(ruby.stderr.toString()).toBe("");
  expect(ruby.stdout.toString()).toBe("Syntax OK\n");
});

test.skipIf(Bun.which("ruby") === null)(
  "the formula says to Homebrew what it has to, and installs what the archive has",
  () => {
    // A Formula that writes down what it is told.
    const stub = `
    class Formula
      def self.method_missing(name, *args, &block) = (puts([name, *args].inspect); block&.call)
      def self.respond_to_missing?(*) = true
      def method_missing(name, *args) = Class.new { define_method(:install) { |*a| puts([name, *a].inspect) } }.new
      def self.test; end
    end
  `;
    const program = `${stub}${homebrewFormula(PRODUCT, SUMS)}\nMcpBridge.new.install`;
    const ruby = Bun.spawnSync(["ruby"], { stdin: Buffer.from(program) });
    expect(ruby.stderr.toString()).toBe("");
    const said = ruby.stdout.toString();
    for (const word of ['[:version, "1.2.3"]', '[:license, "MIT"]', "[:on_macos]", "[:on_linux]", "[:on_arm]"]) {
      expect(said).toContain(word);
    }
    expect(said).toContain('[:bin, "mcp-bridge"]\n[:man1, "man/man1/mcp-bridge.1"]\n');
    expect(said).toContain('[:zsh_completion, "completions/_mcp-bridge"]');
  },
);

/** The rules of Scoop for the members that we use, in our words; anything else is a fault. */
const SCOOP = {
  type: "object",
  additionalProperties: false,
  required: ["version", "homepage", "license", "architecture"],
  properties: {
    version: { type: "string", pattern: "^[\\w.+-]+$" },
    description: { type: "string" },
    homepage: { type: "string", format: "uri" },
    license: { enum: ["MIT"] },
    bin: { type: "string" },
    checkver: {
      type: "object",
      additionalProperties: false,
      properties: { github: { type: "string", format: "uri" } },
    },
    architecture: byProcessor({
      required: ["url", "hash", "extract_dir"],
      properties: {
        url: { type: "string", format: "uri", not: { pattern: "\\$" } },
        hash: { type: "string", pattern: "^[a-fA-F0-9]{64}$" },
        extract_dir: { type: "string" },
      },
    }),
    autoupdate: {
      type: "object",
      additionalProperties: false,
      properties: {
        architecture: byProcessor({
          required: ["url"],
          properties: {
            url: { type: "string", format: "uri", pattern: "\\$version" },
            extract_dir: { type: "string" },
          },
        }),
        hash: {
          type: "object",
          additionalProperties: false,
          properties: { url: { type: "string", pattern: "^(\\$url|\\$baseurl).\\w+$" } },
        },
      },
    },
  },
};

function byProcessor(rules: object): object {
  const part = { type: "object", additionalProperties: false, ...rules };
  return { type: "object", additionalProperties: false, properties: { "32bit": part, "64bit": part, arm64: part } };
}

test("the manifest of Scoop keeps to its rules, and names both archives with their checksums (D2)", () => {
  const text = scoopManifest(PRODUCT, SUMS);
  const manifest = JSON.parse(text);
  const ajv = new Ajv({ allErrors: true });
  addFormats(ajv);
  ajv.validate(SCOOP, manifest);
  expect(ajv.errors).toBeNull();
  const parts = Object.values(manifest.architecture) as { url: string; hash: string }[];
  expectSums(text, parts.map(({ url, hash }) => [url, hash]), 2);
});

test("Scoop finds the next version by itself: its URL is ours with that version", () => {
  const manifest = JSON.parse(scoopManifest(PRODUCT, SUMS));
  for (const processor of ["64bit", "arm64"]) {
    const { url, extract_dir } = manifest.autoupdate.architecture[processor];
    expect(url.replaceAll("$version", "1.2.3")).toBe(manifest.architecture[processor].url);
    expect(extract_dir.replaceAll("$version", "1.2.3")).toBe(manifest.architecture[processor].extract_dir);
  }
});

test("the three files of winget speak of one package and version, and name both archives with their checksums (D2)", () => {
  const files = wingetManifests(PRODUCT, SUMS);
  const parsed = Object.values(files).map((text) => parse(text));
  expect(parsed.map(({ ManifestType }) => ManifestType)).toEqual(["version", "defaultLocale", "installer"]);
  for (const each of parsed) {
    expect(each).toMatchObject({ PackageIdentifier: "McpBridge.McpBridge", PackageVersion: "1.2.3" });
  }
  const { Installers } = parsed[2];
  expectSums(
    Object.values(files)[2]!,
    Installers.map((each: Record<string, string>) => [each.InstallerUrl, each.InstallerSha256]),
    2,
  );
  expect(Installers[0].NestedInstallerFiles[0].RelativeFilePath).toBe("mcp-bridge-1.2.3-windows-x64\\mcp-bridge.exe");
});

test("a release that lacks a checksum has no manifest (D2)", () => {
  const sums = new Map(SUMS);
  sums.delete("mcp-bridge-1.2.3-darwin-arm64.tar.xz");
  expect(() => homebrewFormula(PRODUCT, sums)).toThrow("there is no checksum of mcp-bridge-1.2.3-darwin-arm64.tar.xz");
});
