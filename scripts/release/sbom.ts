/** The bill of materials: what is in the executable, for programs that look for known faults. */
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import type { Component } from "./components.ts";
import type { Product } from "./product.ts";

/**
 * The bill of materials as JSON of CycloneDX 1.6. It names neither a time nor a number of its own, so that the same
 * components have the same bill.
 */
export function billOfMaterials(product: Product, components: readonly Component[], bun: string): string {
  const bom = new Models.Bom();
  const main = component(Enums.ComponentType.Application, { ...product, licenseText: "" });
  bom.metadata.component = main;
  const runtime = component(Enums.ComponentType.Framework, {
    name: "bun",
    version: bun,
    license: "MIT",
    licenseText: "",
    homepage: "https://bun.com",
  });
  const packages = components.map((each) => component(Enums.ComponentType.Library, each));
  for (const part of [runtime, ...packages]) {
    bom.components.add(part);
    main.dependencies.add(part.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function component(type: Enums.ComponentType, { name, version, license, homepage }: Component): Models.Component {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const [scope, plain] = name.startsWith("@") ? name.split("/") as [string, string] : [undefined, name];
  const made = new Models.Component(type, plain, { version, purl, bomRef: purl, ...(scope ? { group: scope } : {}) });
  made.licenses.add(new Models.LicenseExpression(license));
  if (homepage !== undefined) {
    made.externalReferences.add(new Models.ExternalReference(homepage, Enums.ExternalReferenceType.Website));
  }
  return made;
}
