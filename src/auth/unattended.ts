import { BridgeError } from "../platform/errors.ts";
import { type Client, staticClient } from "./client.ts";
import type { Discovery } from "./discover.ts";
import { signInAsClient, undiscovered } from "./grants/client_credentials.ts";
import type { GrantWish } from "./grants/grant.ts";
import { type IdentityProvider, signInByProvider } from "./grants/id_jag.ts";
import { signInByStatement } from "./grants/jwt_bearer.ts";
import type { Records } from "./records.ts";
import { register } from "./register.ts";
import type { SignInWish } from "./session.ts";
import type { IdentityProviderSettings, SignInSettings } from "./settings.ts";
import { demandOf, keep, type SignInParts, toolsOf } from "./sign_in_parts.ts";
import type { TokenSet, TokenTools } from "./token_endpoint.ts";

/** Whether nobody is asked: by a secret or a key, by the word of a platform, or by that of an identity provider. */
export function isUnattended({ grant }: Pick<SignInSettings, "grant">): boolean {
  return grant === "client_credentials" || grant === "jwt_bearer" || grant === "enterprise";
}

/** Who signs people in by a person's word; nothing where that is to be found out. */
export async function namedDiscovery(
  { settings, owner }: Pick<SignInParts, "settings" | "owner">,
): Promise<Discovery | undefined> {
  const server = new URL(owner.server);
  if (settings.tokenEndpoint !== undefined) return undiscovered(settings.tokenEndpoint, server);
  if (settings.provider === undefined) return undefined;
  const { discoverProvider } = await import("./providers.ts");
  return await discoverProvider(settings.provider, server);
}

/**
 * Signs in without asking anybody; the same is done again when the token has ended.
 *
 * @throws {BridgeError} `unreadable_file` for the file of a token, and what the authorization server has against it
 */
export async function signInUnattended(
  parts: SignInParts,
  records: Records,
  wish: SignInWish,
  discovery: Discovery,
): Promise<void> {
  const { settings } = parts;
  const tools = toolsOf(parts);
  const client = await clientOf(settings, discovery, tools);
  const demand = await demandOf(records, wish);
  const tokens = await tokensBy({ discovery, client, settings, ...demand }, parts, tools);
  await keep(parts, records, { version: 1, discovery, client, scope: tokens.scope }, tokens);
}

/** Nobody, where a platform's word says who asks. */
const NOBODY = { clientId: "", authMethod: "none", kind: "static" } as const;

async function clientOf(settings: SignInSettings, discovery: Discovery, tools: TokenTools): Promise<Client> {
  if (settings.grant === "jwt_bearer" && settings.clientInfo === undefined) {
    return { ...NOBODY, issuer: discovery.issuer };
  }
  // Who signs in by a secret was registered by hand: there is nowhere to come back to.
  return await register(discovery, settings, "", tools);
}

async function tokensBy(wish: GrantWish, { settings, owner }: SignInParts, tools: TokenTools): Promise<TokenSet> {
  const { assertionFile, identityProvider } = settings;
  if (assertionFile !== undefined) {
    const client = wish.client.clientId === "" ? undefined : wish.client;
    return await signInByStatement(await readToken(assertionFile), { ...wish, client }, tools);
  }
  if (identityProvider === undefined) return await signInAsClient(wish, tools);
  return await signInByProvider(wish, await providerOf(identityProvider, new URL(owner.server)), tools);
}

async function providerOf(settings: IdentityProviderSettings, server: URL): Promise<IdentityProvider> {
  const source = undiscovered(settings.tokenEndpoint, server);
  const client = staticClient(settings.clientInfo, source.metadata);
  return { source, client, subject: { kind: "id_token", token: await readToken(settings.tokenFile) } };
}

/** What a platform or an identity provider has put into a file; read anew each time, since it is put there anew. */
async function readToken(file: string): Promise<string> {
  try {
    return (await Bun.file(file).text()).trim();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    throw new BridgeError("unreadable_file", `cannot read the token in ${JSON.stringify(file)} (${code})`, {
      hint: "give a file that holds the token and nothing else",
      cause,
    });
  }
}
