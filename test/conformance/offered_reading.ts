/** The resources and prompts that the conformance suite reads. */
import {
  acceptedContent,
  completable,
  type GetPromptResult,
  inputRequired,
  type McpServer,
  type PromptMessage,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Changes, Follow } from "./changes.ts";
import { PNG } from "./content.ts";

const CONTEXT = z.object({ context: z.string() });
const CITIES = ["paris", "park", "party"];

/** Registers the resources. */
export function offerResources(server: McpServer): void {
  server.registerResource("static-text", "test://static-text", {
    description: "A text that stays as it is",
    mimeType: "text/plain",
  }, ({ href }) => ({
    contents: [{ uri: href, mimeType: "text/plain", text: "This is the content of the static text resource." }],
  }));
  server.registerResource("static-binary", "test://static-binary", {
    description: "An image that stays as it is",
    mimeType: "image/png",
  }, ({ href }) => ({ contents: [{ uri: href, mimeType: "image/png", blob: PNG }] }));
  server.registerResource("watched-resource", "test://watched-resource", {
    description: "A text that is worth a subscription",
    mimeType: "text/plain",
  }, ({ href }) => ({ contents: [{ uri: href, mimeType: "text/plain", text: "This may change." }] }));
  server.registerResource("template", new ResourceTemplate("test://template/{id}/data", { list: undefined }), {
    description: "A record by its id",
    mimeType: "application/json",
  }, ({ href }, { id }) => ({
    contents: [{
      uri: href,
      mimeType: "application/json",
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    }],
  }));
}

/** Registers the prompts. */
export function offerPrompts(server: McpServer, changes: Changes, follow: Follow): void {
  offerMessages(server);
  offerQuestion(server);
  const description = (): string => `The list of prompts has changed ${changes.counts.prompts} times`;
  const changing = server.registerPrompt("test_changing_prompt", { description: description() }, () => {
    return says(description());
  });
  follow(({ kind }) => {
    if (kind === "prompts") changing.update({ description: description() });
  });
}

function offerMessages(server: McpServer): void {
  server.registerPrompt("test_simple_prompt", { description: "Says one thing" }, () => {
    return says("This is a simple prompt for testing.");
  });
  const word = completable(z.string(), (typed) => CITIES.filter((city) => city.startsWith(typed)));
  server.registerPrompt("test_prompt_with_arguments", {
    description: "Says what it is told",
    argsSchema: z.object({ arg1: word, arg2: z.string() }),
  }, ({ arg1, arg2 }) => says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`));
  server.registerPrompt("test_prompt_with_embedded_resource", {
    description: "Says something of a resource",
    argsSchema: z.object({ resourceUri: z.string() }),
  }, ({ resourceUri: uri }) =>
    says(
      {
        type: "resource",
        resource: { uri, mimeType: "text/plain", text: "Embedded resource content for testing." },
      },
      "Please process the embedded resource above.",
    ));
  server.registerPrompt("test_prompt_with_image", { description: "Says something of an image" }, () => {
    return says({ type: "image", data: PNG, mimeType: "image/png" }, "Please analyze the image above.");
  });
}

function offerQuestion(server: McpServer): void {
  server.registerPrompt("test_input_required_result_prompt", {
    description: "Asks before it says anything",
  }, ({ mcpReq }) => {
    const context = acceptedContent(mcpReq.inputResponses, "user_context", CONTEXT);
    if (context !== undefined) return says(`The context is ${context.context}.`);
    const message = "What context should the prompt use?";
    return inputRequired({
      inputRequests: { "user_context": inputRequired.elicit({ message, requestedSchema: CONTEXT }) },
    });
  });
}

/** Lets clients of the handshake's era hear of the resources that they subscribe to. */
export function offerSubscriptions({ server }: McpServer, follow: Follow): void {
  const uris = new Set<string>();
  server.setRequestHandler("resources/subscribe", ({ params }) => {
    uris.add(params.uri);
    return {};
  });
  server.setRequestHandler("resources/unsubscribe", ({ params }) => {
    uris.delete(params.uri);
    return {};
  });
  follow((change) => {
    if (change.kind === "resource" && uris.has(change.uri)) void server.sendResourceUpdated({ uri: change.uri });
  });
}

function says(...parts: (PromptMessage["content"] | string)[]): GetPromptResult {
  return {
    messages: parts.map((part) => ({
      role: "user",
      content: typeof part === "string" ? { type: "text", text: part } : part,
    })),
  };
}
