import type { ServerMetadata } from "./server_metadata.ts";
import type { JsonObject, SignInSettings } from "./settings.ts";

/** Where the browser comes back to when a document names the places: more than one, since one may be taken. */
export const DOCUMENT_PORTS = { port: 19_720, ports: 8 } as const;

/** The path of the callback, unless a person names another. */
export const CALLBACK_PATH = "/oauth/callback";

/** Whether we are to say who we are by a document of ours: nobody gave us a client, and the server reads documents. */
export function usesDocument(settings: SignInSettings, metadata: ServerMetadata): boolean {
  return settings.clientInfo === undefined && settings.clientMetadataUrl !== undefined && metadata.takesDocuments;
}

/**
 * The document that describes us to be published at `url`, which is the client's id (OAuth Client ID Metadata Document,
 * section 4).
 */
export function clientDocument(url: URL): JsonObject {
  const { port, ports } = DOCUMENT_PORTS;
  return {
    "client_id": url.href,
    "client_name": "mcp-bridge",
    "application_type": "native",
    "redirect_uris": Array.from({ length: ports }, (_, next) => `http://127.0.0.1:${port + next}${CALLBACK_PATH}`),
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
  };
}
