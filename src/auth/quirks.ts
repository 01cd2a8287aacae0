/** In what an issuer departs from the specifications. */
export interface Quirks {
  /** Does PKCE and does not say so in its metadata. */
  readonly silentPkce?: true;
  /** Refuses a `resource` parameter beside scopes of its own kind (AADSTS9010010). */
  readonly noResource?: true;
  /** Gives the scopes of its default, not those of the sign-in, to a refresh that names none. */
  readonly scopeAtRefresh?: true;
  /** Gives a refresh token only for these parameters of the authorization request. */
  readonly authorizeParams?: Readonly<Record<string, string>>;
}

const QUIRKS: readonly [host: RegExp, quirks: Quirks][] = [
  [
    /^login\.microsoftonline\.(?:com|us)$|^login\.partner\.microsoftonline\.cn$|^[a-z0-9-]+\.ciamlogin\.com$|^sts\.windows\.net$/,
    { silentPkce: true, noResource: true, scopeAtRefresh: true },
  ],
  [/^accounts\.google\.com$/, { authorizeParams: { "access_type": "offline", prompt: "consent" } }],
];

/** What is known of an issuer beyond its metadata, by its host. */
export function quirksOf(issuer: string): Quirks {
  const host = URL.canParse(issuer) ? new URL(issuer).hostname : "";
  return QUIRKS.find(([pattern]) => pattern.test(host))?.[1] ?? {};
}

/**
 * Whether the issuer in a metadata document is the one that was asked for (RFC 8414, 3.3): the same text. A slash that
 * ends the one asked for may be missing, since it has no part in the document's address. Entra ID's document for all
 * tenants has the tenant as a blank.
 */
export function isSameIssuer(asked: string, said: string): boolean {
  if (said === asked || (asked.endsWith("/") && said === asked.slice(0, -1))) return true;
  const tenant = /^(https:\/\/login\.microsoftonline\.(?:com|us)\/)(?:common|organizations|consumers)(\/v2\.0)$/.exec(
    asked,
  );
  return tenant !== null && said === `${tenant[1]}{tenantid}${tenant[2]}`;
}
