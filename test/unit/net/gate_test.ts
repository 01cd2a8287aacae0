import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Transform } from "node:stream";
import { brotliCompressSync, createBrotliCompress, createGzip, deflateSync, gzipSync, type Zlib } from "node:zlib";
import type { HttpAnswer, HttpRequest, Wire } from "../../../src/net/gate.ts";
import type { Redirect } from "../../../src/net/redirects.ts";
import { Cookies } from "../../../src/net/cookies.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { type BridgeError, quoted } from "../../../src/platform/errors.ts";
import { Certificates } from "../../harness/certificates.ts";
import { deafPort } from "../../harness/deaf_port.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { freePort } from "../../harness/free_port.ts";
import { Home } from "../../harness/home.ts";
import { plainGate } from "../../harness/plain_gate.ts";

const MIB = 1_048_576;
/** How many requests the gate gives to fetch before it goes another way. */
const FETCH_SLOTS = 192;

type Handler = (request: Request) => Response | Promise<Response>;

/** A server on loopback. */
function serve(
  fetch: Handler,
  tls?: { cert: string; key: string },
  hostname = "127.0.0.1",
  port = 0,
): { url: string } & Disposable {
  const server = Bun.serve({ hostname, port, idleTimeout: 0, development: false, fetch, tls });
  const url = `http${tls === undefined ? "" : "s"}://${
    hostname.includes(":") ? `[${hostname}]` : hostname
  }:${server.port}/`;
  return { url, [Symbol.dispose]: () => void server.stop(true) };
}

/** A server on raw TCP that says `text` to whoever said something. */
async function speak(text: string | Uint8Array, then: "keep" | "end" | "reset"): Promise<{ url: string } & Disposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      const close = (): void => {
        if (then === "end") socket.end();
        if (then === "reset") socket.resetAndDestroy();
      };
      if (text.length === 0) close();
      else socket.write(text, close);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/`,
    [Symbol.dispose](): void {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  const body = more.method === undefined || more.method === "POST" ? new TextEncoder().encode("hello") : undefined;
  return { url: new URL(url), method: "POST", headers: new Headers({ "x-mine": "1" }), body, ...more };
}

async function textOf(answer: HttpAnswer, limit = MIB): Promise<string> {
  return new TextDecoder().decode(await answer.body.bytes(limit));
}

async function failureOf(promise: Promise<unknown>): Promise<BridgeError> {
  return await promise.then(() => Promise.reject(new Error("It did not fail")), (thrown) => thrown);
}

const holder = serve((request) =>
  new Promise<Response>((resolve) => request.signal.addEventListener("abort", () => resolve(new Response())))
);
afterAll(() => holder[Symbol.dispose]());

/** Takes all of fetch's share, so that what follows goes through node:http. */
function fill(gate: Wire): Disposable {
  const abort = new AbortController();
  for (let n = 0; n < FETCH_SLOTS; n++) {
    const each = new AbortController();
    abort.signal.addEventListener("abort", () => each.abort(new Error("enough")));
    gate.fetch(request(holder.url, { abort: each })).catch(() => {});
  }
  return { [Symbol.dispose]: () => abort.abort() };
}

const ENGINES: [engine: string, prepare: (gate: Wire) => Disposable][] = [
  ["fetch", () => ({ [Symbol.dispose]: () => {} })],
  ["node:http", fill],
];

/** The engine that a request came by: fetch says that it accepts anything. */
function engineOf(request: Request): string {
  return request.headers.has("accept") ? "fetch" : "node:http";
}

describe.each(ENGINES)("through %s", (engine, prepare) => {
  test("a request arrives with its method, headers and body, and the answer with status, headers and body", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = serve(async (request) => {
      const text = [request.method, request.headers.get("x-mine"), await request.text(), engineOf(request)].join(" ");
      return new Response(text, { status: 201, headers: [["x-theirs", "2"], ["x-twice", "a"], ["x-twice", "b"]] });
    });
    for (const method of ["POST", "GET", "DELETE"] as const) {
      const answer = await gate.fetch(request(server.url, { method }));
      expect(answer.status).toBe(201);
      expect(answer.headers.get("x-theirs")).toBe("2");
      expect(answer.headers.get("x-twice")).toBe("a, b");
      expect(await textOf(answer)).toBe(`${method} 1 ${method === "POST" ? "hello" : ""} ${engine}`);
    }
  });

  test("both engines give one name", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = serve((request) => new Response(request.headers.get("user-agent")));
    expect(await textOf(await gate.fetch(request(server.url)))).toBe(`Bun/${Bun.version}`);
  });

  test("an answer comes chunk by chunk, and giving its reading up closes the connection", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    const closed = Promise.withResolvers<void>();
    let push!: (text: string) => void;
    using server = serve(() =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller): void {
            push = (text) => controller.enqueue(new TextEncoder().encode(text));
            push("one");
          },
          cancel: () => closed.resolve(),
        }),
      )
    );
    const answer = await gate.fetch(request(server.url, { method: "GET" }));
    const seen: string[] = [];
    for await (const chunk of answer.body.chunks()) {
      seen.push(new TextDecoder().decode(chunk));
      if (seen.length === 2) break;
      push("two");
    }
    expect(seen).toEqual(["one", "two"]);
    await closed.promise;
  });

  test("discarding an answer that is being read ends the reading and closes the connection", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    const closed = Promise.withResolvers<void>();
    using server = serve(() =>
      new Response(
        new ReadableStream<Uint8Array>({
          start: (controller) => controller.enqueue(new TextEncoder().encode("one")),
          cancel: () => closed.resolve(),
        }),
      )
    );
    const answer = await gate.fetch(request(server.url, { method: "GET" }));
    const reading = (async () => {
      for await (const _chunk of answer.body.chunks()) answer.body.discard();
    })();
    await Promise.all([reading.catch(() => {}), closed.promise]);
  });

  for (const status of [307, 308]) {
    test(`${status} inside the origin is followed with method, headers and body`, async () => {
      const gate = plainGate();
      using _filled = prepare(gate);
      using server = serve(async (request) => {
        if (new URL(request.url).pathname !== "/there") {
          return new Response(null, { status, headers: { location: "/there" } });
        }
        return new Response(`${request.method} ${request.headers.get("x-mine")} ${await request.text()}`);
      });
      expect(await textOf(await gate.fetch(request(server.url)))).toBe("POST 1 hello");
      expect(await textOf(await gate.fetch(request(server.url, { method: "DELETE" })))).toBe("DELETE 1 ");
    });
  }

  for (const status of [301, 302, 303]) {
    test(`${status} inside the origin is followed by a GET and refused to a POST`, async () => {
      const gate = plainGate();
      using _filled = prepare(gate);
      const seen: string[] = [];
      using server = serve((request) => {
        const { pathname } = new URL(request.url);
        seen.push(`${request.method} ${pathname}`);
        return pathname === "/there"
          ? new Response("there")
          : new Response(null, { status, headers: { location: "/there" } });
      });
      expect(await textOf(await gate.fetch(request(server.url, { method: "GET" })))).toBe("there");
      const failure = await failureOf(gate.fetch(request(server.url)));
      expect([failure.code, failure.hint]).toEqual([
        "bad_answer",
        "use that address in place of the one that was given",
      ]);
      expect(seen).toEqual(["GET /", "GET /there", "POST /"]);
    });
  }

  test("a redirect to another origin is refused, and nothing is sent there", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    let strays = 0;
    using other = serve(() => {
      strays++;
      return new Response("got you");
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const locations = [
        other.url,
        other.url.replace("127.0.0.1", "localhost"),
        `//127.0.0.1:${new URL(other.url).port}/`,
      ];
      for (const location of locations) {
        using server = serve(() => new Response(null, { status, headers: { location } }));
        for (const method of ["GET", "POST", "DELETE"] as const) {
          expect((await failureOf(gate.fetch(request(server.url, { method })))).code).toBe("bad_answer");
        }
      }
    }
    expect(strays).toBe(0);
  });

  test.each([
    "https://127.0.0.1:PORT/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "http://",
    "http://[::1]:PORT/",
    "ftp://127.0.0.1:PORT/",
  ])(
    "a redirect to %s is refused",
    async (to) => {
      const gate = plainGate();
      using _filled = prepare(gate);
      using server = serve((request) =>
        new Response(null, { status: 307, headers: { location: to.replace("PORT", new URL(request.url).port) } })
      );
      const failure = await failureOf(gate.fetch(request(server.url)));
      expect(failure.code).toBe("bad_answer");
      expect(failure.message).toStartWith("the server redirects to another origin, ");
    },
  );

  test("each redirect is told to who asks, the one that is refused too", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = serve((request) =>
      Response.redirect(request.url.endsWith("/next") ? "https://elsewhere.example/" : "/next", 307)
    );
    const hops: Redirect[] = [];
    const onredirect = (hop: Redirect): void => void hops.push(hop);
    expect((await failureOf(gate.fetch({ ...request(server.url), onredirect }))).code).toBe("bad_answer");
    expect(hops).toEqual([
      { status: 307, from: new URL(server.url), to: "/next" },
      { status: 307, from: new URL("/next", server.url), to: "https://elsewhere.example/" },
    ]);
  });

  test("a circle of redirects ends after six requests", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    let asked = 0;
    using server = serve(() => new Response(null, { status: 307, headers: { location: `/${++asked}` } }));
    const failure = await failureOf(gate.fetch(request(server.url)));
    expect([failure.code, asked]).toEqual(["bad_answer", 6]);
    expect(failure.message).toContain("in a circle");
  });

  test.each([300, 304, 305, 307])("%d that names no other place is the answer", async (status) => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = serve(() => new Response(null, { status }));
    const answer = await gate.fetch(request(server.url, { method: "GET" }));
    expect(answer.status).toBe(status);
    answer.body.discard();
  });

  const LIMITS: [size: number, limit: number, fits: boolean][] = [
    [999, 1_000, true],
    [1_000, 1_000, true],
    [1_001, 1_000, false],
    [2 * MIB, 2 * MIB, true],
    [2 * MIB + 1, 2 * MIB, false],
  ];
  for (const [size, limit, fits] of LIMITS) {
    for (const stated of [true, false]) {
      test(`a body of ${size} bytes, ${stated ? "its length stated" : "in chunks"}, against a limit of ${limit}`, async () => {
        const gate = plainGate();
        using _filled = prepare(gate);
        const bytes = new Uint8Array(size).fill(120);
        using server = serve(() => new Response(stated ? bytes : new Blob([bytes]).stream()));
        const answer = await gate.fetch(request(server.url));
        if (fits) expect(await answer.body.bytes(limit)).toHaveLength(size);
        else expect((await failureOf(answer.body.bytes(limit))).code).toBe("too_large");
      });
    }
  }

  const FAULTS: [what: string, text: string, then: "keep" | "end" | "reset", code: string][] = [
    ["a connection that is reset before the answer", "", "reset", "outcome_unknown"],
    ["a connection that ends before the answer", "", "end", "outcome_unknown"],
    ["a connection that ends within the headers", "HTTP/1.1 200 OK\r\nContent-", "end", "outcome_unknown"],
    [
      "a connection that is reset within the body",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
      "reset",
      "outcome_unknown",
    ],
    [
      "a connection that ends within the body",
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
      "end",
      "outcome_unknown",
    ],
    [
      "a connection that ends within the chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
      "end",
      "outcome_unknown",
    ],
    ["something that is not HTTP", "220 mail.example ESMTP\r\n\r\n", "keep", "bad_answer"],
    ["a status that is no number", "HTTP/1.1 abc\r\n\r\n", "end", "bad_answer"],
    ["a header without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "end", "bad_answer"],
  ];
  test.each(FAULTS)("%s", async (_what, text, then, code) => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = await speak(text, then);
    const failure = await failureOf(gate.fetch(request(server.url)).then((answer) => answer.body.bytes(MIB)));
    expect(failure.code as string).toBe(code);
  });

  test("a port where nobody listens is unreachable", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    const failure = await failureOf(gate.fetch(request(`http://127.0.0.1:${await freePort()}/`)));
    expect(failure.code).toBe("unreachable");
    expect(failure.message).toContain("does not accept connections (ECONNREFUSED)");
  });

  test("a name without an address is unreachable, and the name is told", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    const failure = await failureOf(gate.fetch(request("http://nowhere.invalid/")));
    expect(failure.code).toBe("unreachable");
    expect(failure.message).toBe('the name "nowhere.invalid" has no address');
  });

  test("what `abort` was aborted with comes back as it is: before, during the headers, during the body", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    const why = new Error("because");
    const before = new AbortController();
    before.abort(why);
    expect(await failureOf(gate.fetch(request(holder.url, { abort: before })))).toBe(why as BridgeError);
    const during = new AbortController();
    const held = gate.fetch(request(holder.url, { abort: during }));
    setImmediate(() => during.abort(why));
    expect(await failureOf(held)).toBe(why as BridgeError);
    const late = new AbortController();
    using server = await speak("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "keep");
    const answer = await gate.fetch(request(server.url, { abort: late }));
    const reading = failureOf(answer.body.bytes(MIB));
    late.abort(why);
    expect(await reading).toBeInstanceOf(Error);
  });

  test("cookies of the server go back to it with every method, from redirects and failures too", async () => {
    const gate = plainGate({ cookies: new Cookies(systemClock) });
    using _filled = prepare(gate);
    const seen: (string | null)[] = [];
    using server = serve((request) => {
      seen.push(request.headers.get("cookie"));
      if (seen.length > 1) return new Response("", { status: 500, headers: [["set-cookie", `b=${seen.length}`]] });
      return new Response(null, {
        status: 307,
        headers: [["location", "/"], ["set-cookie", "a=1"], ["set-cookie", "b=1"]],
      });
    });
    const headers = new Headers({ "x-mine": "1" });
    for (const method of ["POST", "GET", "DELETE"] as const) {
      (await gate.fetch(request(server.url, { method, headers }))).body.discard();
    }
    expect(seen).toEqual([null, "a=1; b=1", "a=1; b=2", "a=1; b=3"]);
    expect(headers.has("cookie")).toBe(false);
  });

  test("cookies that the person gave go in place of the server's, and without any kept none go", async () => {
    for (const cookies of [new Cookies(systemClock), undefined]) {
      const gate = plainGate({ cookies });
      using _filled = prepare(gate);
      using server = serve((request) =>
        new Response(request.headers.get("cookie") ?? "none", { headers: { "set-cookie": "a=1" } })
      );
      await textOf(await gate.fetch(request(server.url)));
      const headers = new Headers({ "Cookie": "mine=1" });
      expect(await textOf(await gate.fetch(request(server.url, { headers })))).toBe("mine=1");
      expect(await textOf(await gate.fetch(request(server.url)))).toBe(cookies === undefined ? "none" : "a=1");
    }
  });

  test("an answer whose headers do not come in time is given up", async () => {
    const gate = plainGate({ headersTimeout: 150 });
    using _filled = prepare(gate);
    const failure = await failureOf(gate.fetch(request(holder.url)));
    expect([failure.code, failure.hint]).toEqual([
      "timed_out",
      'allow more with "--headers-timeout SECONDS" or "timeouts" in servers.json',
    ]);
  });
});

describe.each(ENGINES)("compressed answers through %s", (_engine, prepare) => {
  const text = "hello ".repeat(1_000);
  const packedAs = (encoding: string): Response => new Response("x", { headers: { "content-encoding": encoding } });

  const ENCODINGS: [encoding: string, packed: Uint8Array][] = [
    ["gzip", gzipSync(text)],
    ["X-GZip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["br", brotliCompressSync(text)],
  ];
  test.each(ENCODINGS)("%s is unpacked, counted unpacked, and told where it is damaged", async (encoding, packed) => {
    const gate = plainGate();
    using _filled = prepare(gate);
    let bytes = packed;
    using server = serve(() => new Response(new Uint8Array(bytes), { headers: { "content-encoding": encoding } }));
    expect(await textOf(await gate.fetch(request(server.url)))).toBe(text);
    const large = await gate.fetch(request(server.url));
    expect((await failureOf(large.body.bytes(text.length - 1))).code).toBe("too_large");
    const damaged = new Uint8Array(packed);
    damaged.fill(0xa5, 2);
    for (bytes of [damaged, packed.subarray(0, -5)]) {
      const failure = await failureOf(gate.fetch(request(server.url)).then((answer) => answer.body.bytes(MIB)));
      expect(failure.code).toBe("bad_answer");
      expect(failure.message).toContain("compressed and damaged");
    }
  });

  test("what is offered is what is unpacked, and a choice of the person stands", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = serve((request) => new Response(request.headers.get("accept-encoding")));
    expect(await textOf(await gate.fetch(request(server.url)))).toBe("gzip, deflate, br");
    const headers = new Headers({ "accept-encoding": "identity" });
    expect(await textOf(await gate.fetch(request(server.url, { headers })))).toBe("identity");
  });

  test.each(["zstd", "gzip, br", "constructor", "hello\u00ff"])(
    "%s, which was not asked for, is named",
    async (encoding) => {
      const gate = plainGate();
      using _filled = prepare(gate);
      using server = serve(() => packedAs(encoding));
      const failure = await failureOf((await gate.fetch(request(server.url))).body.bytes(MIB));
      expect([failure.code, failure.message]).toEqual([
        "bad_answer",
        `the server's answer is packed as ${quoted(encoding)}, which was not asked for`,
      ]);
    },
  );

  test.each(["identity", ""])("%p changes nothing", async (encoding) => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = serve(() => packedAs(encoding));
    expect(await textOf(await gate.fetch(request(server.url)))).toBe("x");
  });

  test("an empty body is empty, whatever is said of its packing", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    using server = serve(() => new Response("", { status: 404, headers: { "content-encoding": "gzip" } }));
    expect(await textOf(await gate.fetch(request(server.url)))).toBe("");
  });

  test.each([
    ["gzip", (): Transform & Zlib => createGzip()],
    ["br", (): Transform & Zlib => createBrotliCompress()],
  ])("a stream in %s is heard event by event, and closes with its reader", async (encoding, packer) => {
    const gate = plainGate();
    using _filled = prepare(gate);
    const closed = Promise.withResolvers<void>();
    const packing = packer();
    using server = serve(() => {
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => void packing.on("data", (chunk: Uint8Array) => controller.enqueue(chunk)),
        cancel: () => closed.resolve(),
      });
      packing.write("0");
      packing.flush();
      return new Response(stream, { headers: { "content-encoding": encoding } });
    });
    const answer = await gate.fetch(request(server.url, { method: "GET" }));
    let heard = "";
    for await (const chunk of answer.body.chunks()) {
      heard += new TextDecoder().decode(chunk);
      if (heard.length === 3) {
        answer.body.discard();
        continue;
      }
      packing.write(`${heard.length}`);
      packing.flush();
    }
    expect(heard).toBe("012");
    await closed.promise;
  });

  test("a connection that breaks within a packed body is told as such", async () => {
    const gate = plainGate();
    using _filled = prepare(gate);
    const head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 900\r\n\r\n";
    using server = await speak(Buffer.concat([Buffer.from(head), gzipSync(text).subarray(0, 30)]), "end");
    const answer = await gate.fetch(request(server.url));
    expect((await failureOf(answer.body.bytes(MIB))).code).toBe("outcome_unknown");
  });
});

/** Containers often have no IPv6 at all. */
const hasIpv6 = Object.values(networkInterfaces()).flat().some((face) => face?.address === "::1");

describe.skipIf(!hasIpv6)("a name with addresses of both families", () => {
  test("is reached over IPv4 only where that is wished, and over any otherwise", async () => {
    using six = serve(() => new Response("six"), undefined, "::1");
    const url = six.url.replace("[::1]", "localhost");
    expect(await textOf(await plainGate().fetch(request(url)))).toBe("six");
    const gate = plainGate({ ipv4: true });
    const failure = await failureOf(gate.fetch(request(url)));
    expect([failure.code, failure.message]).toEqual([
      "unreachable",
      `${new URL(url).host} does not accept connections (ECONNREFUSED)`,
    ]);
    using _four = serve(() => new Response("four"), undefined, "127.0.0.1", Number(new URL(url).port));
    expect(await textOf(await gate.fetch(request(url)))).toBe("four");
    expect(await textOf(await gate.fetch(request(url, { method: "GET" })))).toBe("four");
  });

  test.skipIf(process.platform !== "linux")(
    "is given up over IPv4 after the time for connecting, though it would accept one over IPv6",
    async () => {
      await using deaf = await deafPort();
      using _six = serve(() => new Response("six"), undefined, "::1", deaf.port);
      const failure = await failureOf(
        plainGate({ ipv4: true, connectTimeout: 400, headersTimeout: 3_000 }).fetch(
          request(`http://localhost:${deaf.port}/`),
        ),
      );
      expect(failure.code).toBe("connect_timeout");
    },
  );
});

describe("beyond fetch's share", () => {
  test("500 requests in flight all arrive, and all are answered", async () => {
    const gate = plainGate();
    const release = Promise.withResolvers<void>();
    const all = Promise.withResolvers<void>();
    let arrived = 0;
    using server = serve(async (request) => {
      const text = await request.text();
      if (++arrived === 500) all.resolve();
      await release.promise;
      return new Response(text);
    });
    const answers = Array.from({ length: 500 }, async (_, n) => {
      const answer = await gate.fetch(request(server.url, { body: new TextEncoder().encode(`${n}`) }));
      return textOf(answer);
    });
    await all.promise;
    release.resolve();
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 500 }, (_, n) => `${n}`));
  });

  test("300 streams are open at once, and each hears what is said on it", async () => {
    const gate = plainGate();
    const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
    using server = serve(() =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller): void {
            controller.enqueue(new TextEncoder().encode("open"));
            streams.push(controller);
          },
        }),
      )
    );
    const answers = await Promise.all(
      Array.from({ length: 300 }, () => gate.fetch(request(server.url, { method: "GET" }))),
    );
    const reading = answers.map((answer) => textOf(answer));
    streams.forEach((stream, n) => {
      stream.enqueue(new TextEncoder().encode(` ${n}`));
      stream.close();
    });
    const heard = (await Promise.all(reading)).map((text) => Number(text.replace("open ", "")));
    expect(heard.sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n));
  });

  test("a slot comes back however an exchange ends, so that fetch goes on being used", async () => {
    const gate = plainGate();
    const engines = new Set<string>();
    using server = serve((request) => {
      engines.add(engineOf(request));
      const { pathname } = new URL(request.url);
      if (pathname === "/redirect") return new Response(null, { status: 307, headers: { location: "/" } });
      if (pathname === "/away") {
        return new Response(null, { status: 307, headers: { location: "http://127.0.0.1:9/" } });
      }
      return new Response("x".repeat(2_000));
    });
    const nobody = `http://127.0.0.1:${await freePort()}/`;
    const WAYS: (() => Promise<unknown>)[] = [
      async () => (await gate.fetch(request(server.url))).body.bytes(MIB),
      async () => (await gate.fetch(request(server.url))).body.bytes(10),
      async () => (await gate.fetch(request(server.url))).body.discard(),
      async () => {
        for await (const _chunk of (await gate.fetch(request(server.url))).body.chunks()) break;
      },
      async () => (await gate.fetch(request(`${server.url}redirect`))).body.bytes(MIB),
      () => gate.fetch(request(`${server.url}away`)),
      () => gate.fetch(request(nobody)),
    ];
    for (const way of WAYS) for (let n = 0; n < 50; n++) await way().catch(() => {});
    expect([...engines]).toEqual(["fetch"]);
  });
});

describe("TLS", () => {
  function selfSigned(): { cert: string; key: string } {
    using home = new Home();
    const [cert, key] = [join(home.folder, "cert.pem"), join(home.folder, "key.pem")];
    const made = Bun.spawnSync([
      "openssl",
      ..."req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1".split(" "),
      "-keyout",
      key,
      "-out",
      cert,
    ]);
    if (!made.success) throw new Error(`Cannot make a certificate: ${made.stderr}`);
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  }

  test.skipIf(Bun.which("openssl") === null)(
    "a self-signed certificate is not trusted, though the environment may say so, and nothing is sent (L18)",
    async () => {
      let asked = 0;
      using server = serve(() => {
        asked++;
        return new Response();
      }, selfSigned());
      const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
      try {
        for (const [, prepare] of ENGINES) {
          const gate = plainGate();
          using _filled = prepare(gate);
          const failure = await failureOf(gate.fetch(request(server.url)));
          expect(failure.code).toBe("untrusted_certificate");
        }
      } finally {
        if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
        else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
      }
      expect(asked).toBe(0);
    },
  );

  test("a port that speaks no TLS is told from an untrusted certificate by nobody, but nothing is sent", async () => {
    let asked = 0;
    using server = serve(() => {
      asked++;
      return new Response();
    });
    for (const [, prepare] of ENGINES) {
      const gate = plainGate();
      using _filled = prepare(gate);
      const failure = await failureOf(gate.fetch(request(server.url.replace("http:", "https:"))));
      expect(failure.code).toBeOneOf(["untrusted_certificate", "outcome_unknown"]);
    }
    expect(asked).toBe(0);
  });
});

describe("a connection that does not come about", () => {
  test.skipIf(process.platform !== "linux")(
    "is given up after the time for connecting, and not with a time of 0",
    async () => {
      await using deaf = await deafPort();
      const url = `http://127.0.0.1:${deaf.port}/`;
      const enough = new AbortController();
      const patient = failureOf(plainGate({ connectTimeout: 0 }).fetch(request(url, { abort: enough })));
      const start = performance.now();
      const failure = await failureOf(plainGate({ connectTimeout: 600 }).fetch(request(url)));
      expect([failure.code, failure.hint]).toEqual([
        "connect_timeout",
        'check the address and the network, or allow more with "--connect-timeout SECONDS" or "timeouts" in servers.json',
      ]);
      expect(performance.now() - start).toBeGreaterThanOrEqual(580);
      expect(performance.now() - start).toBeLessThan(3_000);
      const why = new Error("enough");
      enough.abort(why);
      expect(await patient).toBe(why as BridgeError);
    },
  );

  test("is found where TCP is accepted and TLS never comes", async () => {
    using silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data(): void {} } });
    const failure = await failureOf(
      plainGate({ connectTimeout: 600 }).fetch(request(`https://127.0.0.1:${silent.port}/`)),
    );
    expect(failure.code).toBe("connect_timeout");
  });

  test("is not confused with an answer over TLS that is slow to come, whatever the certificate", async () => {
    using certificates = new Certificates();
    const { cert, key } = certificates.selfSigned("server");
    const files = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    using server = serve(async () => {
      await Bun.sleep(600);
      return new Response("late");
    }, files);
    const gate = plainGate({ connectTimeout: 200, tls: { rejectUnauthorized: false } });
    expect(await textOf(await gate.fetch(request(server.url)))).toBe("late");
  });

  test("is looked for once by requests that are silent together", async () => {
    let opened = 0;
    using silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { open: () => void opened++, data(): void {} },
    });
    const url = `https://127.0.0.1:${silent.port}/`;
    const gate = plainGate({ connectTimeout: 400 });
    const failures = await Promise.all(Array.from({ length: 20 }, () => failureOf(gate.fetch(request(url)))));
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(["connect_timeout"]));
    expect(opened).toBe(21);
  });

  test("is not confused with an answer that is slow to come", async () => {
    using server = serve(async () => {
      await Bun.sleep(600);
      return new Response("late");
    });
    for (const connectTimeout of [0, 200]) {
      expect(await textOf(await plainGate({ connectTimeout }).fetch(request(server.url)))).toBe("late");
    }
  });
});

describe("connections", () => {
  async function counted(
    clock: Clock,
  ): Promise<{ ask(more?: { alone: boolean }): Promise<void>; connections(): number; gate: Wire } & Disposable> {
    let connections = 0;
    const server = createHttpServer((_request, response) => void response.end("x"));
    server.on("connection", () => connections++);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    const gate = plainGate({ clock });
    return {
      gate,
      connections: () => connections,
      ask: async (more) => void await textOf(await gate.fetch({ ...request(url), ...more })),
      [Symbol.dispose](): void {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  test("are not shared by a request that is to go alone", async () => {
    using server = await counted(new FakeClock());
    await server.ask();
    await server.ask({ alone: true });
    expect(server.connections()).toBe(2);
    await server.ask();
    expect(server.connections()).toBe(2);
  });

  test("are used again, and after a sleep of the machine not for six minutes", async () => {
    const clock = new FakeClock();
    using server = await counted(clock);
    await server.ask();
    await server.ask();
    expect(server.connections()).toBe(1);
    server.gate.forgetConnections();
    await server.ask();
    await server.ask();
    expect(server.connections()).toBe(3);
    await clock.pass(6 * 60_000 + 1);
    await server.ask();
    await server.ask();
    expect(server.connections()).toBeLessThanOrEqual(4);
  });
});
