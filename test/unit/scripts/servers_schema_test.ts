import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { SCHEMA_FILE, schemaText } from "../../../scripts/servers_schema.ts";

test("the schema for editors is the one that entries are judged by; bun scripts/servers_schema.ts writes it", async () => {
  expect(readFileSync(SCHEMA_FILE, "utf8")).toBe(await schemaText());
});
