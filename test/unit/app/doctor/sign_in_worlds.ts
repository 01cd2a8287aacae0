import type { Grant } from "../../../../src/auth/records.ts";
import type { TokenSet } from "../../../../src/auth/token_endpoint.ts";
import { BridgeError, type ErrorCode } from "../../../../src/platform/errors.ts";
import type { Page } from "../../../harness/fake_wire.ts";
import { type Kept, pagesWorld, type Said } from "../../../harness/server_world.ts";
import { clientOf, discovered, METADATA, metadataOf, PRM, resourceOf } from "../../auth/rig.ts";
import type { FailingWorld } from "./failing_world.ts";

const SERVER = "https://mcp.example.com/mcp";
const HOUR_MS = 3_600_000;

/** A server that asks for a sign-in, with further words in its challenge. */
function asking(further = ""): Page {
  return () => new Response(null, { status: 401, headers: { "www-authenticate": `Bearer realm="mcp"${further}` } });
}

/** The pages of a server and its authorization server that are in order. */
function pages(more: Record<string, Page> = {}): Record<string, Page> {
  return { [SERVER]: asking(), [PRM]: resourceOf(), [METADATA]: metadataOf(), ...more };
}

/** A world where nobody has signed in. */
function fresh(more: Record<string, Page>, said: Partial<Said> = {}): FailingWorld["world"] {
  return (stack) => pagesWorld(stack, pages(more), { server: SERVER, ...said });
}

/** A world where somebody has. */
function signedIn(
  grant: Partial<Grant>,
  tokens: Partial<TokenSet>,
  more: Record<string, Page> = {},
  refresh = false,
): FailingWorld["world"] {
  return async (stack) => {
    const kept: Kept = {
      grant: { version: 1, discovery: await discovered(), client: clientOf(), scope: undefined, ...grant },
      tokens: { accessToken: "t", tokenType: "Bearer", receivedAt: Date.now() - HOUR_MS, ...tokens },
    };
    return await pagesWorld(stack, pages(more), { server: SERVER }, kept, { refresh });
  };
}

/** A world where a token is to be renewed, by a server that signs people in itself, and answers so. */
function renewing(answer: Page): FailingWorld["world"] {
  return async (stack) => {
    const issuer = new URL(SERVER).origin;
    const discovery = await discovered({ issuer, "token_endpoint": `${issuer}/token` });
    const more = { [`${issuer}/token`]: answer };
    return await signedIn({ discovery, client: clientOf({ issuer }) }, { refreshToken: "r" }, more, true)(stack);
  };
}

/** A token endpoint that refuses. */
function refusing(error: string): Page {
  return () => Response.json({ error }, { status: 400 });
}

function failing(code: ErrorCode): Page {
  return () => {
    throw new BridgeError(code, "as.example.com gives no answer");
  };
}

/** Worlds that differ in who signs people in, and in who is signed in. */
export const SIGN_IN_WORLDS: readonly FailingWorld[] = [
  {
    code: "server-metadata",
    fault: "bad_metadata",
    name: "the metadata is that of another server",
    world: fresh({ [PRM]: resourceOf({ resource: "https://other.example.com/mcp" }) }),
  },
  {
    code: "server-metadata",
    fault: "unsafe_address",
    name: "the challenge points into plain http",
    world: fresh({ [SERVER]: asking(', resource_metadata="http://elsewhere.example/metadata"') }),
  },
  {
    code: "server-metadata",
    fault: "unreachable",
    name: "the place that it names gives no answer",
    world: fresh({ [PRM]: failing("connect_timeout") }),
  },
  {
    code: "server-metadata",
    fault: "untrusted_certificate",
    name: "the place that it names shows another's certificate",
    world: fresh({ [PRM]: failing("untrusted_certificate") }),
  },
  {
    code: "server-metadata",
    fault: "unpublished",
    name: "the server publishes nothing about itself",
    world: fresh({ [PRM]: 404 }),
  },
  {
    code: "authorization-server",
    fault: "bad_metadata",
    name: "the issuer is another one",
    world: fresh({ [METADATA]: metadataOf({ issuer: "https://evil.example.com" }) }),
  },
  {
    code: "authorization-server",
    fault: "bad_metadata",
    name: "there is no metadata",
    world: fresh({ [METADATA]: 404 }),
  },
  {
    code: "authorization-server",
    fault: "unsafe_address",
    name: "it stands on this machine",
    world: fresh({ [PRM]: resourceOf({ "authorization_servers": ["https://127.0.0.1:9"] }) }),
  },
  {
    code: "authorization-server",
    fault: "unreachable",
    name: "it is not there",
    world: fresh({ [METADATA]: failing("unreachable") }),
  },
  {
    code: "authorization-server",
    fault: "unreachable",
    name: "it is late",
    world: fresh({ [METADATA]: failing("timed_out") }),
  },
  {
    code: "authorization-server",
    fault: "untrusted_certificate",
    name: "its certificate has expired",
    world: fresh({ [METADATA]: failing("untrusted_certificate") }),
  },
  {
    code: "authorization-server",
    fault: "bad_metadata",
    name: "a page of 2 MiB answers",
    world: fresh({ [METADATA]: failing("too_large") }),
  },
  {
    code: "authorization-server",
    fault: "assumed",
    name: "nobody publishes anything",
    world: fresh({ [PRM]: 404, [METADATA]: 404 }),
  },
  {
    code: "authorization-server-offers",
    fault: "no_endpoint",
    name: "it names no token endpoint",
    world: fresh({ [METADATA]: metadataOf({ "token_endpoint": null }) }),
  },
  {
    code: "authorization-server-offers",
    fault: "no_pkce",
    name: "it does not promise PKCE",
    world: fresh({ [METADATA]: metadataOf({ "code_challenge_methods_supported": ["plain"] }) }),
  },
  {
    code: "authorization-server-offers",
    fault: "no_grant",
    name: "it has codes for devices alone",
    world: fresh({ [METADATA]: metadataOf({ "grant_types_supported": ["client_credentials"] }) }),
  },
  {
    code: "authorization-server-offers",
    fault: "no_registration",
    name: "it registers nobody",
    world: fresh({ [METADATA]: metadataOf({ "registration_endpoint": null }) }),
  },
  {
    code: "authorization-server-offers",
    fault: "no_refresh",
    name: "it renews nothing",
    world: fresh({ [METADATA]: metadataOf({ "grant_types_supported": ["authorization_code"] }) }),
  },
  {
    code: "client-registration",
    fault: "ended",
    name: "the secret has ended",
    world: signedIn({ client: clientOf({ clientSecret: "s", secretExpiresAt: 1 }) }, {}),
  },
  {
    code: "client-registration",
    fault: "moved",
    name: "the server names another authorization server now",
    world: signedIn({ client: clientOf({ issuer: "https://old.example.com" }) }, {}),
  },
  { code: "token", fault: "signed_out", name: "nobody is signed in", world: fresh({}) },
  {
    code: "token",
    fault: "ended",
    name: "the token has ended and cannot be renewed",
    world: signedIn({}, { expiresAt: Date.now() - 1 }),
  },
  {
    code: "token",
    fault: "narrow",
    name: "the token lacks a scope that the server asks for",
    world: signedIn({}, { scope: "read" }, { [SERVER]: asking(', scope="read write"') }),
  },
  {
    code: "token-refresh",
    fault: "refused",
    name: "the refresh token was taken back",
    world: renewing(refusing("invalid_grant")),
  },
  {
    code: "token-refresh",
    fault: "client_forgotten",
    name: "our registration is stale",
    world: renewing(refusing("invalid_client")),
  },
  {
    code: "token-refresh",
    fault: "unanswered",
    name: "the authorization server is in trouble",
    world: renewing(503),
  },
];
