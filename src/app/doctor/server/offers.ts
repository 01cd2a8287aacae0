import { usesDocument } from "../../../auth/client_document.ts";
import type { Discovery } from "../../../auth/discover.ts";
import { quirksOf } from "../../../auth/quirks.ts";
import type { SignInSettings } from "../../../auth/settings.ts";
import { isUnattended } from "../../../auth/unattended.ts";
import { type Check, type Details, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";
import { held } from "./held.ts";
import { search, whereNeeded } from "./search.ts";
import { listed, settingsOf } from "./subject.ts";

const BY_HAND = 'register a client there by hand, and give it with "--static-oauth-client-info @FILE"';

const explains = {
  no_endpoint: {
    result: "fail",
    cause: "the authorization server names no place to sign in at, or none for tokens",
    cure: "ask whoever runs it to correct its metadata",
  },
  no_pkce: {
    result: "fail",
    cause: "the authorization server does not say that it protects a sign-in against stolen codes (PKCE with S256)",
    cure: 'ask whoever runs it, or take the risk with "--allow-no-pkce"',
  },
  no_grant: {
    result: "fail",
    cause: "the authorization server does not have the way to sign in that is wanted",
    cure: "choose another way with the flags of signing in, or ask whoever runs it",
  },
  no_registration: {
    result: "fail",
    cause: "the authorization server registers no clients by itself",
    cure: BY_HAND,
  },
  no_refresh: {
    result: "warn",
    cause: "the authorization server gives nothing to renew a token by: a person signs in again when it ends",
    cure: "ask whoever runs it for the grant refresh_token",
  },
} as const;

/** The grant type of each way to sign in, where metadata would name it. */
const GRANT_TYPES = {
  browser: "authorization_code",
  "device_code": "urn:ietf:params:oauth:grant-type:device_code",
  "client_credentials": "client_credentials",
  "jwt_bearer": "urn:ietf:params:oauth:grant-type:jwt-bearer",
  enterprise: "urn:ietf:params:oauth:grant-type:jwt-bearer",
} as const;

/** What the authorization server can do, and what it lacks that we need. */
export const authorizationServerOffers: Check = {
  code: "authorization-server-offers",
  title: "what it offers",
  after: ["authorization-server"],
  limit: 25_000,
  explains,
  run(world: World): Promise<Finding> {
    return whereNeeded(world, async (challenge) => {
      const { discovery } = await search(world, challenge);
      if (discovery === undefined) return skip("nothing is known of the authorization server");
      const isKnown = await held(world).catch(() => undefined) !== undefined;
      return judge(discovery, settingsOf(world).signIn, isKnown);
    });
  },
};

function judge(discovery: Discovery, signIn: SignInSettings, isKnown: boolean): Finding {
  const { metadata, pkce, isFallback } = discovery;
  const details = detailsOf(discovery, signIn);
  const { grantTypes, authorizationEndpoint, tokenEndpoint, registrationEndpoint } = metadata;
  const byBrowser = signIn.grant === "browser";
  if (tokenEndpoint === undefined || (byBrowser && authorizationEndpoint === undefined)) {
    return fault(explains, "no_endpoint", { details });
  }
  const wanted = GRANT_TYPES[signIn.grant];
  if (!isFallback && grantTypes !== undefined && !grantTypes.includes(wanted)) {
    return fault(explains, "no_grant", { text: `the authorization server does not know the grant ${wanted}`, details });
  }
  if (byBrowser && pkce === "none" && !signIn.mayLackPkce) return fault(explains, "no_pkce", { details });
  const isRegistered = isKnown || signIn.clientInfo !== undefined || usesDocument(signIn, metadata);
  if (!isRegistered && !isUnattended(signIn) && registrationEndpoint === undefined) {
    return fault(explains, "no_registration", { details });
  }
  if (!isUnattended(signIn) && grantTypes?.includes("refresh_token") === false) {
    return fault(explains, "no_refresh", { details });
  }
  return ok(told(details), details);
}

/** What there may be, as people call it. */
const NAMES: readonly [name: string, detail: string][] = [
  ["PKCE", "pkce"],
  ["registration", "registration"],
  ["client documents", "clientDocuments"],
  ["refresh", "refresh"],
  ["revocation", "revocation"],
  ["device sign-in", "deviceSignIn"],
  ["DPoP", "dpop"],
];

function detailsOf({ metadata, pkce, resource }: Discovery, signIn: SignInSettings): Details {
  const { grantTypes, proofAlgs, tokenAuthMethods } = metadata;
  return {
    pkce: pkce !== "none",
    registration: metadata.registrationEndpoint !== undefined,
    clientDocuments: metadata.takesDocuments,
    // Who names no grants is taken to have what most have (RFC 8414, 2).
    refresh: grantTypes === undefined ? undefined : grantTypes.includes("refresh_token"),
    revocation: metadata.revocationEndpoint !== undefined,
    deviceSignIn: metadata.deviceAuthorizationEndpoint !== undefined,
    dpop: (proofAlgs?.length ?? 0) > 0,
    // No metadata say whether it is looked at; it is sent but to who is known to refuse it.
    resourceIndicator: quirksOf(metadata.issuer).noResource === true || signIn.resource?.kind === "none"
      ? undefined
      : resource,
    namesItselfInAnswers: metadata.promisesIssuer,
    grants: grantTypes,
    tokenAuthMethods,
    proofAlgs,
  };
}

function told(details: Details): string {
  const there = NAMES.filter(([, detail]) => details[detail] === true).map(([name]) => name);
  const lacking = NAMES.filter(([, detail]) => details[detail] === false).map(([name]) => name);
  return [`has ${listed(there)}`, ...(lacking.length === 0 ? [] : [`lacks ${listed(lacking)}`])].join("; ");
}
