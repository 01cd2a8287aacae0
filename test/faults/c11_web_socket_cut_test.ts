import { expect, test } from "bun:test";
import type { Wire } from "../../src/net/gate.ts";
import { openSocket } from "../../src/net/web_socket.ts";
import { Budget } from "../../src/platform/budget.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { type Message, readMessage } from "../../src/transport/message.ts";
import { SharedStreamEnd } from "../../src/transport/shared_stream.ts";
import { webSocketLink } from "../../src/transport/websocket.ts";
import { ChaosProxy } from "../harness/chaos_proxy.ts";
import { FakeWebSocket } from "../harness/fake_web_socket.ts";

/** What the server says to the handshake and to two requests, in bytes; the cut goes through all of it. */
const LONGEST_EXCHANGE = 420;

const OPTIONS = {
  clock: systemClock,
  tls: { rejectUnauthorized: true },
  connectTimeout: 5_000,
  ipv4: false,
  proxy: undefined,
};
const WIRE: Wire = {
  connect: (request) => openSocket(request, OPTIONS),
  fetch: () => Promise.reject(new Error("There is nothing to ask")),
  forgetConnections: () => {},
};

function request(id: number, method: string): Message {
  return readMessage(Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, method, params: {} })));
}

/** What came of two requests, one after the other; each has one outcome. */
async function outcomes(url: URL): Promise<string[]> {
  const found: string[] = [];
  const budget = new Budget(1_000_000);
  const end = new SharedStreamEnd({
    open: webSocketLink({ url, wire: WIRE, clock: systemClock, budget, headers: {}, limit: 1_000_000 }),
    events: {
      onmessage: (message) => void found.push(`answer to ${message.key}`) as undefined,
      onactivity: () => {},
      onloss: () => {},
    },
    clock: systemClock,
    isLocal: false,
  });
  for (const message of [request(1, "initialize"), request(2, "tools/call")]) {
    await end.send(message)?.catch(() => found.push(`failure of ${message.key}`));
  }
  await end.close(1_000);
  return found;
}

for (const reset of [false, true]) {
  test(`a network ${reset ? "reset" : "cut"} at every byte of a WebSocket leaves each request with one outcome, and no connection`, async () => {
    using server = new FakeWebSocket();
    using proxy = await ChaosProxy.inFrontOf(Number(new URL(server.url).port));
    const url = new URL(proxy.url.replace("http:", "ws:"));
    const seen = new Set<string>();
    for (let at = 0; at < LONGEST_EXCHANGE; at++) {
      proxy.chaos = { cutAfter: at, reset, once: true };
      seen.add((await outcomes(url)).join(", "));
    }
    expect([...seen]).toEqual([
      "failure of 1, failure of 2",
      "answer to 1, failure of 2",
      "answer to 1, answer to 2",
    ]);
    await server.closings.find(() => true, server.peers.items.length - 1);
  });
}
