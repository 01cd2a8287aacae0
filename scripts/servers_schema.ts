/** Writes the JSON Schema of `servers.json` for editors: `bun scripts/servers_schema.ts`. A test says when it is due. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toJSONSchema } from "zod/mini";
import { registrySchema } from "../src/registry/schema.ts";

/** Where it lies. */
export const SCHEMA_FILE: string = join(import.meta.dir, "..", ".github", "servers.schema.json");

/** The schema as text. */
export async function schemaText(): Promise<string> {
  const { file } = await registrySchema();
  // What a person writes is what goes in.
  const schema = toJSONSchema(file, { io: "input" });
  return `${JSON.stringify({ ...schema, title: "mcp-bridge servers.json" }, undefined, 2)}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, await schemaText());
