import { DERIVED_PARAMETERS, TAKEN_CALLBACK_PATHS } from "../auth/reserved.ts";
import { isEncrypted } from "../net/address.ts";
import type { OauthEntry } from "./entry.ts";
import { EntryFault } from "./entry_fault.ts";

/**
 * Judges what an entry says of signing in.
 *
 * @throws {EntryFault}
 */
export function judgeOauth(oauth: OauthEntry): void {
  const { grant, clientId, clientSecret, resource, tokenEndpoint, clientMetadataUrl, callbackHost, callbackPath } =
    oauth;
  if (oauth.tokenLifetime !== undefined && oauth.tokenCommand === undefined) {
    throw wrong("tokenLifetime", 'wants a "tokenCommand" beside it');
  }
  if (grant === "client_credentials" && clientId === undefined) throw wrong("grant", 'wants a "clientId" beside it');
  if (clientSecret !== undefined && clientId === undefined) throw wrong("clientSecret", 'wants a "clientId" beside it');
  if (resource && !(URL.canParse(resource) && !resource.includes("#"))) {
    throw wrong("resource", "is no absolute URI without a fragment");
  }
  if (tokenEndpoint !== undefined) {
    if (grant !== "client_credentials") throw wrong("tokenEndpoint", 'is for the grant "client_credentials" alone');
    const url = addressOf("tokenEndpoint", tokenEndpoint);
    if (!isEncrypted(url)) throw wrong("tokenEndpoint", "is not encrypted", 'use "https://"');
  }
  if (clientMetadataUrl) {
    const url = addressOf("clientMetadataUrl", clientMetadataUrl);
    if (url.protocol !== "https:" || url.pathname === "/") throw wrong("clientMetadataUrl", "is not https with a path");
  }
  if (callbackHost !== undefined) {
    const url = URL.canParse(`http://${callbackHost}/`) ? new URL(`http://${callbackHost}/`) : undefined;
    if (url?.host !== callbackHost.toLowerCase() || url.port !== "") {
      throw wrong("callbackHost", "is no name of a host");
    }
  }
  if (callbackPath !== undefined && TAKEN_CALLBACK_PATHS.has(callbackPath)) throw wrong("callbackPath", "is taken");
  const derived = Object.keys(oauth.authorizeParams ?? {}).find((name) => name === "" || DERIVED_PARAMETERS.has(name));
  if (derived !== undefined) {
    throw new EntryFault(
      ["oauth", "authorizeParams", derived],
      "cannot be set: each sign-in has its own",
      "leave it out",
    );
  }
}

function addressOf(member: string, text: string): URL {
  if (!URL.canParse(text)) throw wrong(member, "is no address", 'give the whole URL, with "https://"');
  const url = new URL(text);
  if (url.hash !== "") throw wrong(member, "holds a fragment", "leave it out");
  if (url.username !== "" || url.password !== "") throw wrong(member, "contains a user name or a password");
  return url;
}

function wrong(member: string, text: string, hint?: string): EntryFault {
  return new EntryFault(["oauth", member], text, hint);
}
