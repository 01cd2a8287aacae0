/** Proves by a key of ours who asks (RFC 9449); a token that was asked for so is of no use to others. */
export interface Prover {
  /** The proof for one request, never used twice; `accessToken` where one goes with it. */
  prove(request: { method: string; url: URL; accessToken?: string }): Promise<string>;
  /** Takes the nonce that an answer may bring (RFC 9449, 8.2). */
  observe(headers: Headers, url: URL): void;
}
