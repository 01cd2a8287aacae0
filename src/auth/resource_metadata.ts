import { BridgeError, quoted } from "../platform/errors.ts";
import { misshapen } from "./server_metadata.ts";

/** What a protected resource says about itself (RFC 9728, 2). */
export interface ResourceMetadata {
  /** Verbatim. */
  readonly resource: string;
  readonly authorizationServers: readonly string[];
  readonly scopesSupported: readonly string[] | undefined;
}

/**
 * Reads the metadata of the MCP server `server`; nothing where the document is about something else, as a page for
 * whatever is not found may be.
 *
 * @throws {BridgeError} `bad_metadata`, for another server's metadata too (RFC 9728, 3.3)
 */
export async function readResourceMetadata(json: unknown, server: URL): Promise<ResourceMetadata | undefined> {
  if (typeof json !== "object" || json === null) return undefined;
  if (!("resource" in json) && !("authorization_servers" in json)) return undefined;
  const { array, nullish, object, string } = await import("zod/mini");
  const texts = nullish(array(string()));
  const parsed = object({ resource: string(), "authorization_servers": texts, "scopes_supported": texts }).safeParse(
    json,
  );
  if (!parsed.success) throw misshapen("the server", parsed.error.issues);
  const { resource, authorization_servers: servers, scopes_supported: scopes } = parsed.data;
  if (!covers(resource, server)) {
    throw new BridgeError("bad_metadata", `the server's metadata is that of another one, ${quoted(resource)}`, {
      hint: "a token for that one might be misused; check the address, or ask whoever runs the server",
    });
  }
  return { resource, authorizationServers: servers ?? [], scopesSupported: scopes ?? undefined };
}

/** Whether a server is the resource, or a path below it. */
function covers(resource: string, server: URL): boolean {
  if (!URL.canParse(resource) || resource.includes("#")) return false;
  const { origin, pathname, search, username, password } = new URL(resource);
  if (origin !== server.origin || username !== "" || password !== "") return false;
  if (search !== "" && search !== server.search) return false;
  const folder = pathname.endsWith("/") ? pathname : `${pathname}/`;
  return `${server.pathname}/`.startsWith(folder);
}
