/** The manifest of Scoop by Scoop's own schema, which is on GitHub alone: where that is not reached, this is left out. */
import { expect, test } from "bun:test";
import Ajv, { type AnySchemaObject } from "ajv";
import addFormats from "ajv-formats";
import { readProduct } from "../../scripts/release/product.ts";
import { scoopManifest } from "../../scripts/release/scoop.ts";
import { archiveName, TARGETS } from "../../scripts/release/targets.ts";

const COMMIT = "918ba4ec4d897d47e409e78c295aad1bf61fcc71";
const SCHEMA = `https://raw.githubusercontent.com/ScoopInstaller/Scoop/${COMMIT}/schema.json`;

const schema = process.env.TEST_COUNTS === "full"
  ? await fetch(SCHEMA, { signal: AbortSignal.timeout(20_000) }).then((answer) => answer.json()).catch(() => undefined)
  : undefined;

test.skipIf(schema === undefined)(
  "Scoop's own schema takes the manifest, and no member that Scoop does not know",
  () => {
    const product = readProduct();
    const names = TARGETS.flatMap((target) =>
      target.archives.map((each) => archiveName(product.version, target, each))
    );
    const manifest = JSON.parse(scoopManifest(product, new Map(names.map((name) => [name, "0".repeat(64)]))));
    const ajv = new Ajv({ allErrors: true, strict: false });
    addFormats(ajv);
    const validate = ajv.compile(schema as AnySchemaObject);
    validate(manifest);
    expect(validate.errors).toBeNull();
    expect(validate({ ...manifest, architectures: {} })).toBe(false);
  },
);
