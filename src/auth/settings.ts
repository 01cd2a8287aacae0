/** How a person wants to sign in; what is absent is for the sign-in to choose. */
export interface SignInSettings {
  /**
   * Who consents: a person at this machine's browser, a person at another one (RFC 8628), nobody (RFC 6749, 4.4), a
   * platform that vouches for us (RFC 7523), or the identity provider of an enterprise (ID-JAG).
   */
  readonly grant: "browser" | "device_code" | "client_credentials" | "jwt_bearer" | "enterprise";
  /** Where the browser comes back to, on this machine. */
  readonly callbackPort: number | undefined;
  readonly callbackHost: string | undefined;
  /** Begins with a slash. */
  readonly callbackPath: string | undefined;
  /** Where the browser is sent once the sign-in has succeeded. */
  readonly successUrl: URL | undefined;
  /** How long a person may take, in ms. */
  readonly timeout: number;
  /** The resource indicator (RFC 8707): an absolute URI, `none` to send none, absent for the server's own. */
  readonly resource: { kind: "given"; uri: string } | { kind: "none" } | undefined;
  /** Further parameters of the authorization request. */
  readonly authorizeParams: ReadonlyMap<string, string>;
  /** Metadata of the client that take the place of our own (RFC 7591, section 2). */
  readonly clientMetadata: JsonObject | undefined;
  /** A client that the authorization server knows already (RFC 7591, section 3.2.1); may hold a secret. */
  readonly clientInfo: ClientInfo | undefined;
  /** A document that describes the client and whose address is its id: https, with a path. */
  readonly clientMetadataUrl: URL | undefined;
  /** Where tokens are asked for without discovery; with `client_credentials` alone. */
  readonly tokenEndpoint: URL | undefined;
  /** The file with a platform's word for us, with `jwt_bearer`. */
  readonly assertionFile: string | undefined;
  /** Who vouches for the person, with `enterprise`. */
  readonly identityProvider: IdentityProviderSettings | undefined;
  /** Who signs people in for a server that publishes nothing about it, by name; see `providers.ts`. */
  readonly provider: string | undefined;
  /** A program that prints a token, with its arguments, and how long that may be used, in ms. */
  readonly tokenCommand: { readonly command: readonly string[]; readonly lifetime: number } | undefined;
  /** Whether the id token is what the server gets to see. */
  readonly useIdToken: boolean;
  /** Whether the person takes it on that a code which is stolen on its way can be used by the thief. */
  readonly mayLackPkce: boolean;
  /** Whether the person takes it on that a server on the internet leads into private networks. */
  readonly anyNetwork: boolean;
}

/** An enterprise's identity provider, who we are there, and the file with the person's id token of it. */
export interface IdentityProviderSettings {
  readonly tokenEndpoint: URL;
  readonly clientInfo: ClientInfo;
  readonly tokenFile: string;
}

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What an authorization server knows of a client. */
export interface ClientInfo extends JsonObject {
  readonly "client_id": string;
  readonly "client_secret"?: string;
}
