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

/** What a user does with a form or a page: fills it in or visits it, or does not. */
export type Elicited = { action: "accept"; content?: Record<string, string | number | boolean> } | {
  action: "decline" | "cancel";
};

/** Who answers what the server is meant to ask, and nothing else. */
export function roleOf(role: Partial<Role> = {}): Role {
  const unasked = (): never => {
    throw new Error("Nobody was to ask this");
  };
  return { sample: unasked, elicit: unasked, roots: () => [], ...role };
}

/** How one tool call differs from a plain one. */
export interface CallOptions {
  signal?: AbortSignal;
  onprogress?: (progress: { progress: number; total?: number }) => void;
}

/** Levels of the log that the stories ask for. */
export type LogLevel = "debug" | "info" | "error" | "emergency";

/** What a tool gives back. */
export interface ToolResult {
  content: { type: string; text?: string; [key: string]: unknown }[];
  structuredContent?: unknown;
  isError?: boolean;
}

/** The texts of what a tool gave back. */
export function textOf({ content }: ToolResult): string {
  return content.map(({ text }) => text ?? "").join("\n");
}

/** What came of a request: its result, or all that an error says. */
export async function outcomeOf(request: Promise<unknown>): Promise<unknown> {
  try {
    return { result: await request };
  } catch (error) {
    const { code, message, data } = error as { code: unknown; message: unknown; data: unknown };
    return { error: { code, message, data } };
  }
}

/** A connected client. Disposing it closes it. */
export interface SdkClient extends AsyncDisposable {
  /** The SDK's own object, for what is called alike in both SDKs. */
  readonly sdk: V1Client | V2Client;
  /** Whether it did the handshake of the revisions up to 2025-11-25, or does without. */
  readonly era: "legacy" | "modern";
  /** The notifications that came without being part of a call. */
  readonly notifications: Log<Message>;
  /** What the SDK complained about, such as lines that are no messages and answers to nothing. */
  readonly complaints: string[];
  /** The stderr of the process at the other end, where there is one. */
  readonly stderr: LineLog | undefined;
  /** Calls a tool. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<ToolResult>;
  /** Asks for the log of its calls from a level on, in the way of its era. */
  logFrom(level: LogLevel): Promise<void>;
  /** Asks to hear of changes to resources and to the list of tools, in the way of its era. */
  listen(...uris: string[]): Promise<void>;
}

/** A way to connect that the stories are told for. */
export interface SdkClientKind {
  readonly name: string;
  /** Connects to the process that `command` starts. */
  overStdio(command: Command, role: Role): Promise<SdkClient>;
  /** Connects to a server over Streamable HTTP, with headers of its own on each request. */
  overHttp(url: string, role: Role, headers?: Record<string, string>): Promise<SdkClient>;
  /** The same over HTTP with SSE. */
  overSse(url: string, role: Role, headers?: Record<string, string>): Promise<SdkClient>;
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

/** Closes a client, and throws when the SDK complained: of a line that is no message, or of a second answer, say. */
export async function closeWithoutComplaint(client: SdkClient): Promise<void> {
  // What comes while the client closes is no fault: the server asks for the roots when it likes.
  const complaints = client.complaints.join("\n");
  await client[Symbol.asyncDispose]();
  if (complaints !== "") throw new Error(`The SDK complains: ${complaints}\n${client.stderr}`);
}
