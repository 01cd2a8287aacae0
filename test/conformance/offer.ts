import type { CallToolResult, InputRequiredResult, McpServer, ServerContext } from "@modelcontextprotocol/server";

/** What a tool gives back: a result, or what it has to ask first. */
export type Answer = CallToolResult | InputRequiredResult;

/** Registers a tool without arguments. */
export function offer(
  server: McpServer,
  name: string,
  description: string,
  answer: (context: ServerContext) => Answer | Promise<Answer>,
): void {
  server.registerTool(name, { description }, answer);
}
