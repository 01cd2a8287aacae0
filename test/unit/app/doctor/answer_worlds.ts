import { type Clock, systemClock } from "../../../../src/platform/clock.ts";
import type { TokenSet } from "../../../../src/auth/token_endpoint.ts";
import { BridgeError, type ErrorCode } from "../../../../src/platform/errors.ts";
import type { World } from "../../../../src/app/doctor/world.ts";
import { Certificates } from "../../../harness/certificates.ts";
import { MODERN } from "../../../harness/era_mcp.ts";
import type { Page } from "../../../harness/fake_wire.ts";
import type { Json } from "../../../harness/fake_mcp.ts";
import { answering, pagesWorld, type Said, serverWorld, serving } from "../../../harness/server_world.ts";
import { clientOf, discovered } from "../../auth/rig.ts";
import type { FailingWorld } from "./failing_world.ts";

const SERVER = "https://mcp.example.com/mcp";

/** A world whose server answers everything like this. */
function answered(page: Page, said: Partial<Said> = {}): FailingWorld["world"] {
  return (stack) => pagesWorld(stack, { [SERVER]: page }, { server: SERVER, ...said });
}

/** A server to which no exchange can be had. */
function failing(code: ErrorCode): Page {
  return () => {
    throw new BridgeError(code, "there is no answer");
  };
}

function html(status = 200): Page {
  return () =>
    new Response("<html><title>Welcome</title></html>", { status, headers: { "content-type": "text/html" } });
}

/** A world in which somebody has signed in, and whose server answers like this. */
function signedIn(page: Page, more: Partial<TokenSet> = {}): FailingWorld["world"] {
  return async (stack) => {
    const grant = { version: 1 as const, discovery: await discovered(), client: clientOf(), scope: undefined };
    const tokens = { accessToken: "t", tokenType: "Bearer" as const, receivedAt: Date.now(), ...more };
    return await pagesWorld(stack, { [SERVER]: page }, { server: SERVER }, { grant, tokens });
  };
}

/** A challenge of the server's. */
function challenge(status: 401 | 403, error: string): Response {
  return new Response(null, { status, headers: { "www-authenticate": `Bearer error="${error}"` } });
}

/** A redirect whose address nobody looks at. */
function leading(location: string, status: number): Response {
  return new Response(null, { status, headers: { location } });
}

/** An answer that ends before it has begun. */
function cutOff(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.error() }));
}

/** A server that answers the handshake with this. */
function welcoming(result: Json, more: Json = {}): FailingWorld["world"] {
  return answered(answering(({ id }) => ({ jsonrpc: "2.0", id, result, ...more })));
}

/** A server that asks for a credential at the handshake alone. */
const asksLate = answering(({ method }) => method === "initialize" ? challenge(401, "invalid_token") : 400);

function tokenFrom(...command: string[]): Partial<Said> {
  return { signIn: { tokenCommand: { command, lifetime: 1_000 } } };
}

/** A refusal by JSON-RPC. */
const refusal = ({ id }: Json): object => ({ jsonrpc: "2.0", id, error: { code: -32603, message: "not today" } });

/** A clock by which nobody waits long. */
const HURRIED: Clock = { now: () => Date.now(), after: (ms, fire) => systemClock.after(ms / 20, fire) };

/** A server that is frozen: it takes a request and never answers. */
const frozen: FailingWorld["world"] = (stack) =>
  serverWorld(stack, { server: serving(stack, () => new Promise<never>(() => {})) }, { clock: HURRIED });

/** A program in place of a server. */
function program(script: string, clock: Clock = systemClock): FailingWorld["world"] {
  const server = { command: process.execPath, args: ["-e", script], env: { ...process.env } };
  return (stack) => serverWorld(stack, { server }, { clock });
}

/** Answers each request with this result. */
function saying(result: Json): string {
  return `for await (const line of console) {
    console.log(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(line).id, result: ${JSON.stringify(result)} }));
  }`;
}

/** Reads the first request and answers with an error. */
const REFUSING = `for await (const line of console) {
  console.log(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(line).id, error: { code: -32603, message: "no" } }));
}`;

/** Worlds that differ in what the server answers. */
export const ANSWER_WORLDS: readonly FailingWorld[] = [
  {
    code: "server-http",
    fault: "redirected",
    name: "the server redirects to another origin",
    world: (stack) =>
      serverWorld(stack, { server: serving(stack, () => Response.redirect("http://portal.example/login", 307)) }),
  },
  {
    code: "server-http",
    fault: "redirected",
    name: "a website sends to its own sign-in",
    world: (stack) => serverWorld(stack, { server: serving(stack, () => Response.redirect("/login", 302)) }),
  },
  {
    code: "server-http",
    fault: "redirected",
    name: "the address that it names is none",
    world: (stack) => serverWorld(stack, { server: serving(stack, () => leading("http://[nowhere", 307)) }),
  },
  {
    code: "server-http",
    fault: "moved",
    name: "the server has moved to another path",
    world: (stack) => serverWorld(stack, { server: serving(stack, () => Response.redirect("/v2/mcp", 301)) }),
  },
  {
    code: "server-http",
    fault: "circle",
    name: "the server leads to itself",
    world: (stack) => serverWorld(stack, { server: serving(stack, () => Response.redirect("/mcp", 307)) }),
  },
  {
    code: "server-http",
    fault: "encrypted",
    name: "http is said to a port of https",
    world(stack): World {
      const { cert, key } = stack.use(new Certificates()).selfSigned("self");
      const server = serving(stack, () => new Response(), { cert: Bun.file(cert), key: Bun.file(key) });
      return serverWorld(stack, { server: server.replace("https:", "http:") });
    },
  },
  {
    code: "server-http",
    fault: "proxy_refused",
    name: "a proxy wants a password for plain http",
    world: answered(failing("proxy_refused")),
  },
  {
    code: "server-http",
    fault: "outcome_unknown",
    name: "the connection ends early, at a place that it was redirected to",
    world: (stack) =>
      serverWorld(stack, {
        server: serving(stack, ({ url }) => url.endsWith("/mcp") ? Response.redirect("/broken", 307) : cutOff()),
      }),
  },
  { code: "server-http", fault: "captive_portal", name: "the network says so (511)", world: answered(html(511)) },
  { code: "server-http", fault: "page", name: "a page for people answers", world: answered(html()) },
  { code: "server-http", fault: "server_error", name: "the server answers 500", world: answered(500) },
  { code: "server-http", fault: "busy", name: "the server answers 503", world: answered(503) },
  { code: "server-http", fault: "no_challenge", name: "401 without WWW-Authenticate", world: answered(401) },
  {
    code: "server-http",
    fault: "client_certificate",
    name: "the server wants a certificate of ours",
    world: answered(failing("untrusted_certificate")),
  },
  {
    code: "server-http",
    fault: "bad_answer",
    name: "it does not speak HTTP",
    world: answered(failing("bad_answer")),
  },
  {
    code: "server-http",
    fault: "outcome_unknown",
    name: "the connection ends early",
    world: answered(failing("outcome_unknown")),
  },
  { code: "server-http", fault: "timed_out", name: "the server is frozen", world: frozen },
  {
    code: "server-clock",
    fault: "skewed",
    name: "the server's clock is an hour ahead",
    world: answered(() => new Response(null, { headers: { date: new Date(Date.now() + 3_600_000).toUTCString() } })),
  },
  {
    code: "server-session",
    fault: "token_refused",
    name: "the token was taken back",
    world: signedIn(() => challenge(401, "invalid_token")),
  },
  {
    code: "server-session",
    fault: "token_outdated",
    name: "the token was taken back, and can be renewed",
    world: signedIn(() => challenge(401, "invalid_token"), { refreshToken: "r" }),
  },
  {
    code: "server-session",
    fault: "too_narrow",
    name: "the token allows too little",
    world: signedIn(() => challenge(403, "insufficient_scope")),
  },
  {
    code: "server-session",
    fault: "credential_refused",
    name: "the header that was given is refused",
    world: answered(() => challenge(401, "invalid_token"), { headers: { authorization: "Bearer x" } }),
  },
  { code: "server-session", fault: "forbidden", name: "403", world: answered(403) },
  { code: "server-session", fault: "not_found", name: "404", world: answered(404) },
  { code: "server-session", fault: "no_post", name: "405", world: answered(405) },
  { code: "server-session", fault: "not_acceptable", name: "406", world: answered(406) },
  { code: "server-session", fault: "http_status", name: "410", world: answered(410) },
  { code: "server-session", fault: "busy", name: "429", world: answered(429) },
  { code: "server-session", fault: "bad_answer", name: "a page in place of JSON", world: answered(html()) },
  {
    code: "server-session",
    fault: "token_command",
    name: "the program that is to give a token fails",
    world: answered(200, tokenFrom(process.execPath, "-e", "process.exit(1)")),
  },
  {
    code: "server-session",
    fault: "token_command",
    name: "the program prints what is no token",
    world: answered(200, tokenFrom(process.execPath, "-e", "console.log('please sign in')")),
  },
  {
    code: "server-session",
    fault: "credential_refused",
    name: "the token that a program gave is refused",
    world: answered(() => challenge(401, "invalid_token"), tokenFrom(process.execPath, "-e", "console.log('t0ken')")),
  },
  { code: "server-session", fault: "sign_in_late", name: "401 to initialize alone", world: answered(asksLate) },
  { code: "server-session", fault: "no_revision", name: "a result without a revision", world: welcoming({}) },
  {
    code: "server-session",
    fault: "unknown_revision",
    name: "a revision that is none",
    world: welcoming({ protocolVersion: "1999-01-01", capabilities: {} }),
  },
  {
    code: "server-session",
    fault: "too_large",
    name: "an answer of 5 MiB",
    world: welcoming({ padding: "x".repeat(5 * 1_048_576) }),
  },
  {
    code: "server-session",
    fault: "outcome_unknown",
    name: "the connection ends early",
    world: answered(failing("outcome_unknown")),
  },
  { code: "server-session", fault: "no_answer", name: "202 and nothing more", world: answered(202) },
  {
    code: "server-session",
    fault: "refused",
    name: "an error in answer to initialize",
    world: answered(answering(refusal)),
  },
  {
    code: "server-session",
    fault: "refused",
    name: "a server without a handshake, spoken to with one alone",
    world: answered(
      answering(({ id }) => {
        const error = { code: -32_022, message: "Unsupported protocol version", data: { supported: [MODERN] } };
        return Response.json({ jsonrpc: "2.0", id, error }, { status: 400 });
      }),
      { protocol: "legacy" },
    ),
  },
  { code: "server-session", fault: "timed_out", name: "the server is frozen", world: frozen },
  {
    code: "program-session",
    fault: "bad_command",
    name: "the program ends at once",
    world: program("process.exit(3)"),
  },
  {
    code: "program-session",
    fault: "bad_answer",
    name: "the program writes an answer that is none",
    world: program(`for await (const line of console) {
      console.log('{"jsonrpc":"2.0","id":' + JSON.stringify(JSON.parse(line).id) + ',"result":{oops}}');
    }`),
  },
  {
    code: "program-session",
    fault: "too_large",
    name: "the program writes more than a message may be",
    world: program(saying({ padding: "x".repeat(5) }).replace(/"x+"/, '"x".repeat(5 * 1_048_576)')),
  },
  { code: "program-session", fault: "no_revision", name: "a result without a revision", world: program(saying({})) },
  {
    code: "program-session",
    fault: "unknown_revision",
    name: "a revision that is none",
    world: program(saying({ protocolVersion: "1999-01-01", capabilities: {} })),
  },
  { code: "program-session", fault: "refused", name: "the program refuses the handshake", world: program(REFUSING) },
  {
    code: "program-session",
    fault: "timed_out",
    name: "the program says nothing",
    world: program("setInterval(() => {}, 1_000)", HURRIED),
  },
];
