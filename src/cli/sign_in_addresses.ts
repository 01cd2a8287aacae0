import { builtInDocument } from "../auth/built_in_document.ts";
import type { SignInSettings } from "../auth/settings.ts";
import { isEncrypted } from "../net/address.ts";
import { BridgeError } from "../platform/errors.ts";

/**
 * Where the browser goes after a sign-in.
 *
 * @throws {BridgeError} `bad_url`
 */
export function readSuccessUrl(text: string | undefined, allowHttp: boolean): URL | undefined {
  if (text === undefined) return undefined;
  const url = readUrl("--auth-success-url", text);
  if (isEncrypted(url) || (url.protocol === "http:" && allowHttp)) {
    if (!/[?#]/.test(text)) return url;
    throw badUrl("--auth-success-url", "holds a query or a fragment", "leave it out");
  }
  throw badUrl(
    "--auth-success-url",
    "is not encrypted",
    'use "https://", or add "--allow-http" on a network that you trust',
  );
}

/**
 * The document that describes the client (CIMD): this build's where nothing is said, and none for an empty text.
 *
 * @throws {BridgeError} `bad_url`
 */
export function readMetadataUrl(text: string | undefined): URL | undefined {
  if (text === undefined) return builtInDocument();
  if (text.trim() === "") return undefined;
  const url = readUrl("--client-metadata-url", text.trim());
  if (url.protocol === "https:" && url.pathname !== "/" && url.hash === "") return url;
  throw badUrl(
    "--client-metadata-url",
    "is not https with a path and without a fragment",
    "it is the client's id: give the address of its document",
  );
}

/**
 * Where a client that signs in by itself asks for tokens.
 *
 * @throws {BridgeError} `bad_argument` for another grant, `bad_url`
 */
export function readTokenEndpoint(text: string | undefined, grant: SignInSettings["grant"]): URL | undefined {
  if (text === undefined) return undefined;
  if (grant !== "client_credentials") {
    throw new BridgeError("bad_argument", '"--token-endpoint" is for "--client-credentials" alone', {
      hint: 'leave it out, or add "--client-credentials"',
    });
  }
  return readEndpoint("--token-endpoint", text);
}

/**
 * The address of an endpoint that is sent a secret.
 *
 * @throws {BridgeError} `bad_url`
 */
export function readEndpoint(flag: string, text: string): URL {
  const url = readUrl(flag, text.trim());
  if (!isEncrypted(url)) throw badUrl(flag, "is not encrypted", 'use "https://"');
  if (url.hash !== "") throw badUrl(flag, "holds a fragment", "leave it out");
  return url;
}

// The text of an address is not shown: it may hold a password.
function readUrl(flag: string, text: string): URL {
  if (!URL.canParse(text)) {
    throw badUrl(flag, "is no address", `give the whole URL, for example "https://example.com/"`);
  }
  const url = new URL(text);
  if (url.username === "" && url.password === "") return url;
  throw badUrl(flag, "holds a user name or a password", "leave it out");
}

function badUrl(flag: string, fault: string, hint: string): BridgeError {
  return new BridgeError("bad_url", `the address of "${flag}" ${fault}`, { hint });
}
