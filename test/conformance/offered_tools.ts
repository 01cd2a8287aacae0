/** The tools that ask nobody anything, by the names that the conformance suite calls them. */
import { fromJsonSchema, type McpServer } from "@modelcontextprotocol/server";
import { once } from "node:events";
import { z } from "zod";
import type { Log } from "../harness/log.ts";
import type { Changes, Follow } from "./changes.ts";
import { PNG, text, WAV } from "./content.ts";
import { offer } from "./offer.ts";

/** Between two notifications of one call, in ms: a client is to get them one by one. */
const PAUSE_MS = 50;

/** Keywords that nobody may lose on the way, as the suite wants them. */
const SCHEMA_2020_12 = {
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "$defs": {
    "address": {
      "$anchor": "addressDef",
      "type": "object",
      "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
    },
  },
  "properties": {
    "name": { "type": "string" },
    "address": { "$ref": "#/$defs/address" },
    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
    "phone": { "type": "string" },
    "email": { "type": "string" },
  },
  "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
  "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
  "then": { "required": ["phone"] },
  "else": { "required": ["email"] },
  "additionalProperties": false,
};

/** Registers them. */
export function offerTools(server: McpServer, changes: Changes, follow: Follow): void {
  offerContent(server);
  offerNews(server);
  offerSchemas(server);
  offerTriggers(server, changes, follow);
}

/** What became of a call that waits. */
export type Wait = "begun" | "cancelled";

/** Registers the tool whose calls end when they are cancelled, which `waits` hears of. */
export function offerWait(server: McpServer, waits: Log<Wait>): void {
  offer(server, "test_waiting_tool", "Waits to be cancelled", async ({ mcpReq: { signal } }) => {
    waits.add("begun");
    if (!signal.aborted) await once(signal, "abort");
    waits.add("cancelled");
    return text("The call was cancelled.");
  });
}

function offerContent(server: McpServer): void {
  offer(server, "test_simple_text", "Gives a text", () => text("This is a simple text response for testing."));
  offer(server, "test_image_content", "Gives an image", () => ({
    content: [{ type: "image", data: PNG, mimeType: "image/png" }],
  }));
  offer(server, "test_audio_content", "Gives a sound", () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  }));
  offer(server, "test_embedded_resource", "Gives a resource", () => ({
    content: [{
      type: "resource",
      resource: {
        uri: "test://embedded-resource",
        mimeType: "text/plain",
        text: "This is an embedded resource content.",
      },
    }],
  }));
  offer(server, "test_multiple_content_types", "Gives a text, an image and a resource", () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      { type: "image", data: PNG, mimeType: "image/png" },
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: JSON.stringify({ test: "data", value: 123 }),
        },
      },
    ],
  }));
  offer(server, "test_error_handling", "Fails", () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
}

function offerNews(server: McpServer): void {
  offer(server, "test_tool_with_logging", "Logs three times", async ({ mcpReq }) => {
    await mcpReq.log("info", "Tool execution started");
    await Bun.sleep(PAUSE_MS);
    await mcpReq.log("info", "Tool processing data");
    await Bun.sleep(PAUSE_MS);
    await mcpReq.log("info", "Tool execution completed");
    return text("Three messages were logged.");
  });
  offer(server, "test_logging_tool", "Logs once", async ({ mcpReq }) => {
    await mcpReq.log("info", "Only those who asked for it read this");
    return text("A message was logged.");
  });
  offer(server, "test_tool_with_progress", "Tells of its progress three times", async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progress > 0) await Bun.sleep(PAUSE_MS);
      if (progressToken === undefined) continue;
      await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
    }
    return text("All is done.");
  });
  offer(server, "test_reconnection", "Closes its stream before it answers", async ({ http }) => {
    http?.closeSSE?.();
    // Nobody is to be back before the answer has missed the stream.
    await Bun.sleep(PAUSE_MS);
    return text("The client came back for this.");
  });
}

function offerSchemas(server: McpServer): void {
  server.registerTool("json_schema_2020_12_tool", {
    description: "Has a schema with the keywords of 2020-12",
    inputSchema: fromJsonSchema(SCHEMA_2020_12),
  }, (given) => text(JSON.stringify(given)));
  server.registerTool("test_custom_headers", {
    description: "Has an argument that clients over HTTP repeat in a header",
    inputSchema: z.object({ region: z.string().meta({ "x-mcp-header": "Region" }) }),
  }, ({ region }) => text(`The region is ${region}.`));
}

function offerTriggers(server: McpServer, changes: Changes, follow: Follow): void {
  offer(server, "test_trigger_tool_change", "Changes the list of tools", () => {
    changes.changeTools();
    return text("The list of tools has changed.");
  });
  offer(server, "test_trigger_prompt_change", "Changes the list of prompts", () => {
    changes.changePrompts();
    return text("The list of prompts has changed.");
  });
  // No tool comes or goes, since the suite wants the same tools in the same order each time that it asks.
  const description = (): string => `The list of tools has changed ${changes.counts.tools} times`;
  const changing = server.registerTool("test_changing_tool", { description: description() }, () => text(description()));
  follow(({ kind }) => {
    if (kind === "tools") changing.update({ description: description() });
  });
}
