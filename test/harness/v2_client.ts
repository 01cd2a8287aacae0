/** The client of the SDK's second major version, `@modelcontextprotocol/client`. */
import {
  Client,
  LOG_LEVEL_META_KEY,
  SSEClientTransport,
  StreamableHTTPClientTransport,
  type Transport,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
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

type Mode = "legacy" | "auto" | { pin: string };

async function connect(mode: Mode, transport: Transport, role: Role, stderr?: LineLog): Promise<SdkClient> {
  const sdk = new Client(CLIENT_INFO, { capabilities: CLIENT_CAPABILITIES, versionNegotiation: { mode } });
  const notifications = new Log<Message>();
  const complaints: string[] = [];
  sdk.setRequestHandler("sampling/createMessage", async ({ params }) => sampled(await role.sample(params)));
  sdk.setRequestHandler("elicitation/create", ({ params }) => role.elicit(params));
  sdk.setRequestHandler("roots/list", () => ({ roots: role.roots() }));
  sdk.fallbackNotificationHandler = (notification) => Promise.resolve(notifications.add(notification));
  sdk.onerror = (error) => complaints.push(error.message);
  await sdk.connect(transport, { timeout: PATIENCE_MS });
  const era = sdk.getProtocolEra()!;
  // Without a handshake each request says what it wants.
  let _meta: Record<string, unknown> | undefined;
  return {
    sdk,
    era,
    notifications,
    complaints,
    stderr,
    async call(name, args = {}, options = {}): Promise<ToolResult> {
      return await sdk.callTool({ name, arguments: args, ...(_meta && { _meta }) }, {
        timeout: PATIENCE_MS,
        ...options,
      });
    },
    async logFrom(level): Promise<void> {
      if (era === "legacy") await sdk.setLoggingLevel(level);
      else _meta = { [LOG_LEVEL_META_KEY]: level };
    },
    async listen(...uris): Promise<void> {
      if (era === "modern") await sdk.listen({ toolsListChanged: true, resourceSubscriptions: uris });
      else for (const uri of uris) await sdk.subscribeResource({ uri });
    },
    [Symbol.asyncDispose]: () => sdk.close(),
  };
}

function kind(name: string, mode: Mode): SdkClientKind {
  return {
    name,
    overStdio(command, role): Promise<SdkClient> {
      const transport = new StdioClientTransport(command);
      return connect(mode, transport, role, new LineLog(transport.stderr as Readable));
    },
    overHttp(url, role, headers = {}): Promise<SdkClient> {
      return connect(mode, new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }), role);
    },
    overSse(url, role, headers = {}): Promise<SdkClient> {
      return connect(mode, new SSEClientTransport(new URL(url), { requestInit: { headers } }), role);
    },
  };
}

/** The v2 client as it is by default: it does the handshake of the revisions up to 2025-11-25. */
export const V2_LEGACY_CLIENT: SdkClientKind = kind("SDK v2 legacy", "legacy");

/** The v2 client that first asks, on a process of its own, whether the other end speaks a newer revision. */
export const V2_AUTO_CLIENT: SdkClientKind = kind("SDK v2 auto", "auto");

/** The v2 client that speaks 2026-07-28 and nothing else. */
export const V2_PINNED_CLIENT: SdkClientKind = kind("SDK v2 pinned", { pin: "2026-07-28" });
