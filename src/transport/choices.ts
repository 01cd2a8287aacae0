/** The order in which the two HTTP transports are tried; `-only` tries no second one. */
export const STRATEGIES = ["http-first", "sse-first", "http-only", "sse-only"] as const;

/** One of `STRATEGIES`. */
export type Strategy = typeof STRATEGIES[number];

/** Which revisions of the protocol are spoken to the server: with a handshake, without, or what it understands. */
export const PROTOCOLS = ["legacy", "auto", "modern"] as const;

/** One of `PROTOCOLS`. */
export type Protocol = typeof PROTOCOLS[number];
