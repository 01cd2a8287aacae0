import { PROTOCOLS, STRATEGIES } from "../transport/choices.ts";
import { ENTRY_GRANTS, type OauthEntry, type ServerEntry, SHARINGS, type TlsEntry } from "./entry.ts";

/** What other programs call transports, in `type`. */
export const TYPES = ["http", "streamable-http", "streamableHttp", "sse", "ws", "stdio"] as const;

/** A value that stands elsewhere as a whole. */
export const SECRET_REFERENCE = /^(?:\$\{[A-Za-z_][A-Za-z0-9_]*\}|keychain:.+)$/;

/** An entry as it stands in the file, beside the keys of other programs. */
export interface WrittenEntry {
  readonly type?: typeof TYPES[number];
  readonly url?: string;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly account?: string;
  readonly transport?: ServerEntry["transport"];
  readonly protocol?: ServerEntry["protocol"];
  readonly tools?: readonly string[] | { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  /** In seconds. */
  readonly timeouts?: Partial<ServerEntry["timeouts"]>;
  /** In seconds. */
  readonly keepAlive?: number;
  readonly ipv4?: boolean;
  readonly tls?: TlsEntry;
  readonly cookies?: boolean;
  readonly share?: ServerEntry["share"];
  readonly oauth?: OauthEntry;
  readonly allowHttp?: boolean;
  readonly disabled?: boolean;
}

/** The schema of one entry and of the whole file. Loads `zod/mini`. */
// deno-lint-ignore explicit-function-return-type
export async function registrySchema() {
  const {
    array,
    boolean,
    describe,
    enum: choice,
    int,
    looseObject,
    maximum,
    minLength,
    minimum,
    number,
    optional,
    record,
    regex,
    strictObject,
    string: text,
    union,
  } = await import("zod/mini");
  const filled = () => text().check(minLength(1));
  const texts = record(text(), text());
  const globs = array(filled());
  const seconds = optional(number().check(minimum(0), maximum(86_400)));
  const oauth = looseObject({
    grant: optional(
      choice(ENTRY_GRANTS).check(describe("who consents: a person here, one at another browser, nobody")),
    ),
    scope: optional(text().check(describe("what to ask for, words with blanks between"))),
    clientId: optional(filled().check(describe("a client that the authorization server knows already"))),
    clientSecret: optional(
      text().check(
        regex(SECRET_REFERENCE),
        describe("its secret, by reference: ${VAR} or keychain:NAME"),
      ),
    ),
    resource: optional(text().check(describe("the resource that a token is for; empty to name none"))),
    provider: optional(
      filled().check(describe("who signs people in for a server that publishes nothing about it: github, google, ...")),
    ),
    callbackPort: optional(int().check(minimum(1), maximum(65_535), describe("where the browser comes back to"))),
    callbackHost: optional(filled()),
    callbackPath: optional(text().check(regex(/^\/[^?#\s\\]*$/))),
    clientMetadataUrl: optional(text().check(describe("the document that describes the client; empty for none"))),
    tokenEndpoint: optional(filled().check(describe("where tokens are asked for, with client_credentials alone"))),
    authorizeParams: optional(texts.check(describe("further parameters of the authorization request"))),
    tokenCommand: optional(
      array(filled()).check(minLength(1), describe("a program that prints the token, with its arguments")),
    ),
    tokenLifetime: optional(
      number().check(minimum(1), maximum(86_400), describe("how long that token is used, in seconds; else 300")),
    ),
    useIdToken: optional(boolean()),
    allowNoPkce: optional(boolean()),
    allowPrivateNetwork: optional(boolean()),
  });
  const entry = looseObject({
    type: optional(choice(TYPES).check(describe("the transport, by the names of other programs"))),
    url: optional(filled().check(describe("the address of the server: https, http, wss or ws"))),
    command: optional(filled().check(describe("a program on this machine in place of an address"))),
    args: optional(array(text())),
    env: optional(texts.check(describe("its environment beside ours; ${VAR} and keychain:NAME are references"))),
    cwd: optional(filled().check(describe("the folder that it starts in, as a whole path"))),
    headers: optional(
      texts.check(describe("sent with every request; ${VAR} and keychain:NAME are references")),
    ),
    account: optional(filled().check(describe("which of several accounts at the server, by a name of your own"))),
    transport: optional(choice(STRATEGIES).check(describe("the HTTP transport to try first, or only"))),
    protocol: optional(choice(PROTOCOLS).check(describe("which era of MCP is spoken to the server"))),
    tools: optional(
      union([globs, strictObject({ allow: optional(globs), deny: optional(globs) })]).check(
        describe("the tools that clients see, by globs: those allowed, less those denied"),
      ),
    ),
    timeouts: optional(
      strictObject({ connect: seconds, headers: seconds, body: seconds, total: seconds }).check(
        describe("in seconds, 0 for ever"),
      ),
    ),
    keepAlive: optional(
      number().check(minimum(0), maximum(86_400), describe("how often a session is pinged, in seconds; 0 for never")),
    ),
    ipv4: optional(boolean().check(describe("reach the server over IPv4 only"))),
    tls: optional(
      strictObject({
        ca: optional(filled().check(describe("the authorities to trust in place of the system's, a file in PEM"))),
        cert: optional(filled().check(describe("our certificate, with its key"))),
        key: optional(filled()),
        insecure: optional(boolean().check(describe("do not check the server's certificate"))),
      }).check(describe("whom the server is believed by, and who we are to it; whole paths")),
    ),
    cookies: optional(boolean().check(describe("send the server's cookies back to it; true where nothing is said"))),
    share: optional(choice(SHARINGS).check(describe("whether clients share connections to the server"))),
    oauth: optional(oauth.check(describe("how to sign in"))),
    allowHttp: optional(boolean().check(describe("allow plain http beyond this machine"))),
    disabled: optional(boolean().check(describe("leave it out"))),
  });
  const file = looseObject({
    $schema: optional(text()),
    mcpServers: optional(record(text(), entry).check(describe("the servers, by names of your own"))),
  });
  return { entry, file };
}
