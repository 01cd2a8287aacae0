import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { createGate, type GateOptions, type HttpAnswer, type HttpRequest, type Wire } from "../../../src/net/gate.ts";
import { Budget } from "../../../src/platform/budget.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import type { BridgeError } from "../../../src/platform/errors.ts";
import { deafPort } from "../../harness/deaf_port.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { freePort } from "../../harness/free_port.ts";
import { Home } from "../../harness/home.ts";

const MIB = 1_048_576;
/** How many requests the gate gives to fetch before it goes another way. */
const FETCH_SLOTS = 192;

function gateOf(options: Partial<GateOptions> = {}): Wire {
  return createGate({
    clock: systemClock,
    budget: new Budget(64 * MIB),
    tls: { rejectUnauthorized: true },
    connectTimeout: 10_000,
    headersTimeout: 0,
    ...options,
  });
}

type Handler = (request: Request) => Response | Promise<Response>;

/** A server on loopback. */
function serve(fetch: Handler, tls?: { cert: string; key: string }): { url: string } & Disposable {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 0, development: false, fetch, tls });
  const url = `http${tls === undefined ? "" : "s"}://127.0.0.1:${server.port}/`;
  return { url, [Symbol.dispose]: () => void server.stop(true) };
}

/** A server on raw TCP that says `text` to whoever said something. */
async function speak(text: string, then: "keep" | "end" | "reset"): Promise<{ url: string } & Disposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      const close = (): void => {
        if (then === "end") socket.end();
        if (then === "reset") socket.resetAndDestroy();
      };
      if (text === "") close();
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

describe.each(ENGINES)("through %s", (engine, prepare) => {
  const engineOf = (request: Request): string =>
    request.headers.get("accept-encoding") === "identity" ? "node:http" : "fetch";

  test("a request arrives with its method, headers and body, and the answer with status, headers and body", async () => {
    const gate = gateOf();
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

  test("an answer comes chunk by chunk, and giving its reading up closes the connection", async () => {
    const gate = gateOf();
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
    const gate = gateOf();
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
      const gate = gateOf();
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
      const gate = gateOf();
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
    const gate = gateOf();
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
      const gate = gateOf();
      using _filled = prepare(gate);
      using server = serve((request) =>
        new Response(null, { status: 307, headers: { location: to.replace("PORT", new URL(request.url).port) } })
      );
      const failure = await failureOf(gate.fetch(request(server.url)));
      expect(failure.code).toBe("bad_answer");
      expect(failure.message).toStartWith("the server redirects to another origin, ");
    },
  );

  test("a circle of redirects ends after six requests", async () => {
    const gate = gateOf();
    using _filled = prepare(gate);
    let asked = 0;
    using server = serve(() => new Response(null, { status: 307, headers: { location: `/${++asked}` } }));
    const failure = await failureOf(gate.fetch(request(server.url)));
    expect([failure.code, asked]).toEqual(["bad_answer", 6]);
    expect(failure.message).toContain("in a circle");
  });

  test.each([300, 304, 305, 307])("%d that names no other place is the answer", async (status) => {
    const gate = gateOf();
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
        const gate = gateOf();
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
    const gate = gateOf();
    using _filled = prepare(gate);
    using server = await speak(text, then);
    const failure = await failureOf(gate.fetch(request(server.url)).then((answer) => answer.body.bytes(MIB)));
    expect(failure.code as string).toBe(code);
  });

  test("a port where nobody listens is unreachable", async () => {
    const gate = gateOf();
    using _filled = prepare(gate);
    const failure = await failureOf(gate.fetch(request(`http://127.0.0.1:${await freePort()}/`)));
    expect(failure.code).toBe("unreachable");
    expect(failure.message).toContain("does not accept connections (ECONNREFUSED)");
  });

  test("a name without an address is unreachable, and the name is told", async () => {
    const gate = gateOf();
    using _filled = prepare(gate);
    const failure = await failureOf(gate.fetch(request("http://nowhere.invalid/")));
    expect(failure.code).toBe("unreachable");
    expect(failure.message).toBe('the name "nowhere.invalid" has no address');
  });

  test("what `abort` was aborted with comes back as it is: before, during the headers, during the body", async () => {
    const gate = gateOf();
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

  test("an answer whose headers do not come in time is given up", async () => {
    const gate = gateOf({ headersTimeout: 150 });
    using _filled = prepare(gate);
    const failure = await failureOf(gate.fetch(request(holder.url)));
    expect([failure.code, failure.hint]).toEqual(["timed_out", 'allow more with "--headers-timeout SECONDS"']);
  });
});

describe("compressed answers", () => {
  const text = "hello ".repeat(1_000);
  const ENCODINGS: [encoding: string, packed: Uint8Array][] = [
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
    ["br", brotliCompressSync(text)],
    ["zstd", zstdCompressSync(text)],
  ];
  test.each(ENCODINGS)("%s is unpacked, counted unpacked, and told where it is damaged", async (encoding, packed) => {
    const gate = gateOf();
    let bytes = packed;
    using server = serve(() => new Response(new Uint8Array(bytes), { headers: { "content-encoding": encoding } }));
    expect(await textOf(await gate.fetch(request(server.url)))).toBe(text);
    const large = await gate.fetch(request(server.url));
    expect((await failureOf(large.body.bytes(text.length - 1))).code).toBe("too_large");
    const damaged = new Uint8Array(packed);
    damaged.fill(0xa5, 2);
    bytes = damaged;
    const failure = await failureOf(gate.fetch(request(server.url)).then((answer) => answer.body.bytes(MIB)));
    expect(failure.code).toBe("bad_answer");
    expect(failure.message).toContain("compressed and damaged");
  });
});

describe("beyond fetch's share", () => {
  test("500 requests in flight all arrive, and all are answered", async () => {
    const gate = gateOf();
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
    const gate = gateOf();
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
    const gate = gateOf();
    const engines = new Set<string | null>();
    using server = serve((request) => {
      engines.add(request.headers.get("accept-encoding"));
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
    expect(engines.has("identity")).toBe(false);
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
          const gate = gateOf();
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
      const gate = gateOf();
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
      const patient = failureOf(gateOf({ connectTimeout: 0 }).fetch(request(url, { abort: enough })));
      const start = performance.now();
      const failure = await failureOf(gateOf({ connectTimeout: 600 }).fetch(request(url)));
      expect([failure.code, failure.hint]).toEqual([
        "connect_timeout",
        'check the address and the network, or allow more with "--connect-timeout SECONDS"',
      ]);
      expect(performance.now() - start).toBeGreaterThanOrEqual(580);
      expect(performance.now() - start).toBeLessThan(3_000);
      const why = new Error("enough");
      enough.abort(why);
      expect(await patient).toBe(why as BridgeError);
    },
  );

  test("is not confused with an answer that is slow to come", async () => {
    using server = serve(async () => {
      await Bun.sleep(600);
      return new Response("late");
    });
    for (const connectTimeout of [0, 200]) {
      expect(await textOf(await gateOf({ connectTimeout }).fetch(request(server.url)))).toBe("late");
    }
  });
});

describe("connections", () => {
  async function counted(
    clock: Clock,
  ): Promise<{ ask(): Promise<void>; connections(): number; gate: Wire } & Disposable> {
    let connections = 0;
    const server = createHttpServer((_request, response) => void response.end("x"));
    server.on("connection", () => connections++);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
    const gate = gateOf({ clock });
    return {
      gate,
      connections: () => connections,
      ask: async () => void await textOf(await gate.fetch(request(url))),
      [Symbol.dispose](): void {
        server.closeAllConnections();
        server.close();
      },
    };
  }

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
