import { describe, expect, test } from "bun:test";
import type { Prover } from "../../../src/auth/dpop.ts";
import { withAuth } from "../../../src/auth/with_auth.ts";
import type { HttpAnswer, Wire } from "../../../src/net/gate.ts";
import type { SocketRequest } from "../../../src/net/web_socket.ts";
import { BridgeError } from "../../../src/platform/errors.ts";
import type { ByteFlow } from "../../../src/platform/socket_flow.ts";
import { FakeWire } from "../../harness/fake_wire.ts";

const SOCKET = new URL("wss://mcp.example.com/ws?a=1");
const PAGE = "https://mcp.example.com/ws?a=1";

/** What a proof was made for. */
interface Proved {
  readonly method: string;
  readonly url: URL;
  readonly accessToken?: string;
}

/** A wire whose handshakes come about from the `good`th on, with a token that is bound to a key or not. */
function rigOf({ isBound, good = 1 }: { isBound: boolean; good?: number }): {
  connect: () => Promise<ByteFlow>;
  shaken: SocketRequest[];
  proofs: Proved[];
  wire: FakeWire;
} {
  const shaken: SocketRequest[] = [];
  const proofs: Proved[] = [];
  const fake = new FakeWire({ [PAGE]: 426 });
  const wire: Wire = {
    fetch: (request): Promise<HttpAnswer> => fake.fetch(request),
    forgetConnections: () => {},
    connect: (request) => {
      shaken.push(request);
      if (shaken.length >= good) return Promise.resolve({} as ByteFlow);
      return Promise.reject(new BridgeError("http_status", "no socket"));
    },
  };
  const prover: Prover = {
    prove: (proved) => Promise.resolve(`proof ${proofs.push(proved)}`),
    observe: () => {},
  };
  const authenticated = withAuth(wire, SOCKET, {
    prover: isBound ? prover : undefined,
    current: () => "token",
    better: () => Promise.reject(new Error("nothing better")),
  });
  const request = { url: SOCKET, headers: new Headers({ own: "1" }), protocol: "mcp", abort: new AbortController() };
  return { connect: () => authenticated.connect(request), shaken, proofs, wire: fake };
}

describe("the handshake of a WebSocket", () => {
  test("carries the token", async () => {
    const { connect, shaken } = rigOf({ isBound: false });
    await connect();
    expect(shaken.map(({ headers }) => Object.fromEntries(headers))).toEqual([
      { own: "1", authorization: "Bearer token" },
    ]);
  });

  test("proves that a token which is bound to a key is ours, as a GET of the address by HTTP", async () => {
    const { connect, shaken, proofs } = rigOf({ isBound: true });
    await connect();
    expect(Object.fromEntries(shaken[0]!.headers)).toEqual({
      own: "1",
      authorization: "DPoP token",
      dpop: "proof 1",
    });
    expect(proofs.map(({ method, url, accessToken }) => [method, url.href, accessToken])).toEqual([
      ["GET", PAGE, "token"],
    ]);
  });

  test("that is refused is asked about by HTTP, and proved once more, with the number that this may have brought", async () => {
    const { connect, shaken, wire } = rigOf({ isBound: true, good: 2 });
    await connect();
    expect(wire.urls).toEqual([PAGE]);
    expect(shaken.map(({ headers }) => headers.get("dpop"))).toEqual(["proof 1", "proof 3"]);
  });

  test("that is refused with a token which nothing can mend is not tried again", async () => {
    const { connect, shaken } = rigOf({ isBound: false, good: 2 });
    await expect(connect()).rejects.toThrow("no socket");
    expect(shaken).toHaveLength(1);
  });
});
