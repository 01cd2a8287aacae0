/** The client of the SDK's first major version, `@modelcontextprotocol/sdk`. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolResultSchema,
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { Readable } from "node:stream";
import type { Message } from "./executable.ts";
import { LineLog } from "./line_log.ts";
import { Log } from "./log.ts";
import {
  CLIENT_CAPABILITIES,
  CLIENT_INFO,
  PATIENCE_MS,
  type Role,
  sampled,
  type SdkClient,
  type SdkClientKind,
  type ToolResult,
} from "./sdk_client.ts";

async function connect(transport: Transport, role: Role, stderr?: LineLog): Promise<SdkClient> {
  const sdk = new Client(CLIENT_INFO, { capabilities: CLIENT_CAPABILITIES });
  const notifications = new Log<Message>();
  const complaints: string[] = [];
  sdk.setRequestHandler(CreateMessageRequestSchema, async ({ params }) => sampled(await role.sample(params)));
  sdk.setRequestHandler(ElicitRequestSchema, ({ params }) => role.elicit(params));
  sdk.setRequestHandler(ListRootsRequestSchema, () => ({ roots: role.roots() }));
  sdk.fallbackNotificationHandler = (notification) => Promise.resolve(notifications.add(notification));
  sdk.onerror = (error) => complaints.push(error.message);
  await sdk.connect(transport, { timeout: PATIENCE_MS });
  return {
    sdk,
    era: "legacy",
    notifications,
    complaints,
    stderr,
    async call(name, args = {}, options = {}): Promise<ToolResult> {
      return await sdk.callTool({ name, arguments: args }, CallToolResultSchema, {
        timeout: PATIENCE_MS,
        ...options,
      }) as ToolResult;
    },
    async logFrom(level): Promise<void> {
      await sdk.setLoggingLevel(level);
    },
    async listen(...uris): Promise<void> {
      for (const uri of uris) await sdk.subscribeResource({ uri });
    },
    [Symbol.asyncDispose]: () => sdk.close(),
  };
}

/** The v1 client, which knows the revisions up to 2025-11-25. */
export const V1_CLIENT: SdkClientKind = {
  name: "SDK v1",
  overStdio(command, role): Promise<SdkClient> {
    const transport = new StdioClientTransport(command);
    return connect(transport, role, new LineLog(transport.stderr as Readable));
  },
  overHttp(url, role, headers = {}): Promise<SdkClient> {
    return connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }), role);
  },
  overSse(url, role, headers = {}): Promise<SdkClient> {
    return connect(new SSEClientTransport(new URL(url), { requestInit: { headers } }), role);
  },
};
