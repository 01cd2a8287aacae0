import { expect, test } from "bun:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentsOf } from "../../../scripts/release/components.ts";
import { thirdPartyLicences } from "../../../scripts/release/licences.ts";
import { readProduct } from "../../../scripts/release/product.ts";
import { billOfMaterials } from "../../../scripts/release/sbom.ts";

const OURS = componentsOf({
  inputs: {
    "src/main.ts": {},
    "node_modules/zod/v4/core/index.js": {},
    "node_modules/zod/v4/mini/index.js": {},
    "node_modules/@modelcontextprotocol/client/dist/index.mjs": {},
  },
});

test("the packages that the compiler put into the executable are the components, each once (D9)", () => {
  const { dependencies } = require("../../../package.json");
  expect(OURS.map(({ name, version }) => `${name} ${version}`)).toEqual([
    `@modelcontextprotocol/client ${dependencies["@modelcontextprotocol/client"]}`,
    `zod ${dependencies.zod}`,
  ]);
});

test("a package without a licence stops the build (D9)", () => {
  const root = mkdtempSync(join(tmpdir(), "components-test-"));
  try {
    const folder = join(root, "node_modules", "odd");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"name":"odd","version":"1.0.0"}');
    const metafile = { inputs: { "node_modules/odd/index.js": {} } };
    expect(() => componentsOf(metafile, root)).toThrow("the package odd has no licence");
    writeFileSync(join(folder, "package.json"), '{"name":"odd","version":"1.0.0","license":"MIT"}');
    expect(() => componentsOf(metafile, root)).toThrow("the package odd does not bring the text of its licence");
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("the licences name every component, and say what each wants to be said (D9)", () => {
  const text = thirdPartyLicences(OURS, "1.4.5");
  for (const { name, version, licenseText } of OURS) {
    expect(text).toContain(`  ${name} ${version} (`);
    expect(text).toContain(licenseText);
  }
  expect(text).toContain("Bun 1.4.5");
});

test("the bill of materials is CycloneDX, by its own schema (D9)", async () => {
  const bill = billOfMaterials(readProduct(), OURS, "1.4.5");
  expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(bill)).toBeNull();
  const { components, dependencies, metadata } = JSON.parse(bill);
  expect(metadata.component.name).toBe("mcp-bridge");
  expect(components.map(({ purl }: { purl: string }) => purl)).toContain(`pkg:npm/bun@1.4.5`);
  const ours = dependencies.find(({ ref }: { ref: string }) => ref === metadata.component["bom-ref"]);
  expect(ours.dependsOn).toHaveLength(OURS.length + 1);
});

test("the bill of the same build is the same (D9)", () => {
  expect(billOfMaterials(readProduct(), OURS.toReversed(), "1.4.5")).toBe(
    billOfMaterials(readProduct(), OURS, "1.4.5"),
  );
});
