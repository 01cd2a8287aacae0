/** What the stories ask of an SDK's client, so that each story is told once for all of them. */
import type { Client as V1Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Client as V2Client } from "@modelcontextprotocol/client";
import type { Command, Message } from "./executable.ts";
import type { LineLog } from "./line_log.ts";
import type { Log } from "./log.ts";

/** A client's answers to a server that asks it something. */
export interface Role {
  /** Answers `sampling/createMessage`. */
  sample: (params: Message) => Promise<string> | string;
  /** Answers `elicitation/create`. */
  elicit: (params: Message) => Elicited | Promise<Elicited>;
  /** Answers `roots/list`. */
  roots: () => { uri: string; name: string }[];
}

/** What a user does with a form: fills it in, or does not. */
export type Elicited = { action: "accept"; content: Record<string, string | number | boolean> } | {
  action: "decline" | "cancel";
};

/** How one tool call differs from a plain one. */
export interface CallOptions {
  signal?: AbortSignal;
  onprogress?: (progress: { progress: number; total?: number }) => void;
}

/** What a tool gives back. */
export interface ToolResult {
  content: { type: string; text?: string; [key: string]: unknown }[];
  structuredContent?: unknown;
  isError?: boolean;
}

/** A connected client. Disposing it closes it. */
export interface SdkClient extends AsyncDisposable {
  /** The SDK's own object, for what is called alike in both SDKs. */
  readonly sdk: V1Client | V2Client;
  /** The notifications that came without being part of a call. */
  readonly notifications: Log<Message>;
  /** What the SDK complained about, such as lines that are no messages and answers to nothing. */
  readonly complaints: string[];
  /** The stderr of the process at the other end, where there is one. */
  readonly stderr: LineLog | undefined;
  /** Calls a tool. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>;
}

/** A way to connect that the stories are told for. */
export interface SdkClientKind {
  readonly name: string;
  /** Connects to the process that `command` starts. */
  overStdio(command: Command, role: Role): Promise<SdkClient>;
  /** Connects to a server with nothing between, to learn what the server itself says. */
  overHttp(url: string, role: Role): Promise<SdkClient>;
}

/** How long a client waits for an answer: less than a test may take, so that the test can say what was missing. */
export const PATIENCE_MS = 20_000;

/** The name that the clients give themselves. */
export const CLIENT_INFO = { name: "mcp-bridge-test", version: "1.0.0" };

/** All that a client can offer to a server, so that the server offers all it has. */
export const CLIENT_CAPABILITIES = {
  sampling: {},
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
};

/** An answer to `sampling/createMessage` that says `text`. */
export function sampled(
  text: string,
): { role: "assistant"; model: string; content: { type: "text"; text: string } } {
  return { role: "assistant", model: "a-model", content: { type: "text", text } };
}
