/** A crowd of clients at a server that exist only in the test's hands. */
import { Crowd } from "../../src/bridge/crowd.ts";
import type { LocalEnd } from "../../src/transport/channel.ts";
import type { Json } from "./fake_mcp.ts";
import { toJson, toMessage } from "./stage_rig.ts";

/** One client, with what it has heard. */
export class CrowdClient implements LocalEnd {
  readonly name: string;
  readonly received: Json[] = [];
  /** The requests that each message was said to belong to. */
  readonly causes: (string | undefined)[] = [];
  /** How many times it was closed. */
  closed = 0;
  /** What the client asks its writer to wait for. */
  wait: Promise<void> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  send(message: Parameters<LocalEnd["send"]>[0], causedBy?: string): Promise<void> | undefined {
    this.received.push(toJson(message));
    this.causes.push(causedBy);
    return this.wait;
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }

  /** What it received under an id of its own. */
  answersTo(id: unknown): Json[] {
    return this.received.filter((message) => message.method === undefined && message.id === id);
  }

  /** The messages of a method that it received. */
  heard(method: string): Json[] {
    return this.received.filter((message) => message.method === method);
  }
}

/** The rig: what the pump got of all of them. */
export class CrowdRig {
  readonly sent: Json[] = [];
  readonly crowd: Crowd;
  /** Whether the server says everything on one stream. */
  hasOneStream = false;

  /** Makes the crowd. */
  constructor() {
    this.crowd = new Crowd({
      pump: { fromClient: (message) => void this.sent.push(toJson(message)) },
      server: "mcp.example.com",
      hasOneStream: () => this.hasOneStream,
    });
  }

  /** A client says something. */
  say(client: CrowdClient, message: Json | string): void {
    void this.crowd.fromClient(toMessage(message), client);
  }

  /** The server says something, on the stream of the request `causedBy` if of any. */
  hear(message: Json | string, causedBy?: unknown): Promise<void> | undefined {
    return this.crowd.send(toMessage(message), causedBy === undefined ? undefined : JSON.stringify(causedBy));
  }

  /** A client that has done the handshake; `capabilities` are what it can be asked. */
  member(name: string, capabilities: Json = {}): CrowdClient {
    const client = new CrowdClient(name);
    const before = this.sent.length;
    this.say(client, { id: "i", method: "initialize", params: { protocolVersion: "2025-11-25", capabilities } });
    const opening = this.sent.slice(before).find(({ method }) => method === "initialize");
    if (opening !== undefined) void this.hear({ id: opening.id, result: AGREED });
    this.say(client, { method: "notifications/initialized" });
    return client;
  }

  /** The last message of a method that the pump got. */
  last(method: string): Json {
    const found = this.sent.findLast((message) => message.method === method);
    if (found === undefined) throw new Error(`Nothing was sent: '${method}'`);
    return found;
  }

  /** The messages of a method that the pump got. */
  all(method: string): Json[] {
    return this.sent.filter((message) => message.method === method);
  }
}

/** What the server says of itself. */
export const AGREED = { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "fake" } };
