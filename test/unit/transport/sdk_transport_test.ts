import { NO_MEMORY } from "../../../src/app/memory.ts";
import { afterEach, describe, expect, test } from "bun:test";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { McpServer } from "@modelcontextprotocol/server";
import { Pump } from "../../../src/bridge/pump.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { SdkTransportEnd, sdkTransportLink } from "../../../src/transport/sdk_transport.ts";
import { SharedStreamEnd } from "../../../src/transport/shared_stream.ts";

/** A client and a server of the SDK in this process, and a whole bridge between them that has no other ends. */
class Rig {
  readonly client = new Client({ name: "in-memory", version: "1" });
  readonly servers: McpServer[] = [];
  readonly #pump: Pump;
  readonly #local: SdkTransportEnd;
  readonly #toClient: InMemoryTransport;

  constructor() {
    const [toBridge, toClient] = InMemoryTransport.createLinkedPair();
    this.#toClient = toBridge;
    this.#local = new SdkTransportEnd(toClient, { onmessage: (message) => this.#pump.fromClient(message) });
    const far = new SharedStreamEnd({
      open: sdkTransportLink(() => this.#newServer()),
      events: {
        onmessage: (message, causedBy) => this.#pump.fromServer(message, causedBy),
        onactivity: () => this.#pump.heard(),
        onloss: () => this.#pump.lost(),
      },
      clock: systemClock,
      isLocal: true,
    });
    this.#pump = new Pump({
      local: this.#local,
      far,
      server: "in memory",
      clock: systemClock,
      budget: new Budget(1_048_576),
      notify: () => {},
      deadlines: { total: 0, idle: 0 },
      grace: 20_000,
      keepAlive: 0,
      memory: NO_MEMORY,
    });
  }

  async connect(): Promise<void> {
    await this.#local.start();
    await this.client.connect(this.#toClient);
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.#pump.leave(0);
  }

  #newServer(): InMemoryTransport {
    const server = new McpServer({ name: `server ${this.servers.length + 1}`, version: "1" });
    server.registerTool("greet", {}, () => ({ content: [{ type: "text", text: "hello" }] }));
    const [toServer, toBridge] = InMemoryTransport.createLinkedPair();
    void server.connect(toServer);
    this.servers.push(server);
    return toBridge;
  }
}

let rig: Rig;
afterEach(() => rig.close());

describe("a transport of the SDK stands in for either end", () => {
  test("an SDK client calls a tool of an SDK server through the bridge, in memory", async () => {
    rig = new Rig();
    await rig.connect();
    expect(rig.client.getServerVersion()!.name).toBe("server 1");
    expect((await rig.client.listTools()).tools.map(({ name }) => name)).toEqual(["greet"]);
    const { content } = await rig.client.callTool({ name: "greet", arguments: {} });
    expect(content).toEqual([{ type: "text", text: "hello" }]);
  });

  test("a transport that closes is made anew, and the client notices nothing", async () => {
    rig = new Rig();
    await rig.connect();
    await rig.servers[0]!.close();
    const { content } = await rig.client.callTool({ name: "greet", arguments: {} });
    expect(content).toEqual([{ type: "text", text: "hello" }]);
    expect(rig.servers).toHaveLength(2);
  });
});
