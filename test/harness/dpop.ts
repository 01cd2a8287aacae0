/** Proofs of possession (RFC 9449) by ES256: how a client makes one, and how a server checks it. */
import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import type { Json } from "./fake_mcp.ts";

const FRESH_S = 60;

/** What a proof is for. */
export interface Proven {
  readonly method: string;
  /** The address; its query does not count. */
  readonly url: string;
  /** The token that is used, at a resource. */
  readonly token?: string;
  /** What the server gave to be said. */
  readonly nonce?: string;
}

/** A client's key. */
export class DpopKey {
  readonly #private: KeyObject;
  readonly #jwk: Json;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#private = privateKey;
    this.#jwk = publicKey.export({ format: "jwk" }) as Json;
  }

  /** A proof for one request. */
  proof({ method, url, token, nonce }: Proven): string {
    const head = { typ: "dpop+jwt", alg: "ES256", jwk: this.#jwk };
    const claims = {
      jti: crypto.randomUUID(),
      htm: method,
      htu: withoutQuery(url),
      iat: Math.floor(Date.now() / 1_000),
      ...(token === undefined ? {} : { ath: sha256(token) }),
      ...(nonce === undefined ? {} : { nonce }),
    };
    const signed = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = sign("sha256", Buffer.from(signed), { key: this.#private, dsaEncoding: "ieee-p1363" });
    return `${signed}.${signature.toString("base64url")}`;
  }
}

/** What a proof says of itself. */
export interface Claimed {
  /** The public key. */
  readonly jwk: Json;
  readonly id: string | undefined;
  readonly nonce: string | undefined;
}

/** Reads a proof without a check. */
export function claimedBy(proof: string): Claimed {
  const [head = "", claims = ""] = proof.split(".");
  const { jti: id, nonce } = decoded(claims);
  return { jwk: decoded(head).jwk ?? {}, id, nonce };
}

/** The thumbprint (RFC 7638) of the key that made a proof; undefined where the proof does not prove. */
export function thumbprintOf(proof: string, { method, url, token, nonce }: Proven): string | undefined {
  const [head, claims, signature] = proof.split(".");
  if (signature === undefined) return undefined;
  const { typ, alg, jwk } = decoded(head!);
  const { jti, htm, htu, iat, ath, nonce: said } = decoded(claims!);
  const holds = typ === "dpop+jwt" && alg === "ES256" && typeof jti === "string" && htm === method &&
    htu === withoutQuery(url) && Math.abs(Date.now() / 1_000 - iat) <= FRESH_S && said === nonce &&
    (token === undefined || ath === sha256(token));
  if (!holds) return undefined;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const bytes = Buffer.from(signature, "base64url");
  if (!verify("sha256", Buffer.from(`${head}.${claims}`), { key, dsaEncoding: "ieee-p1363" }, bytes)) return undefined;
  const { crv, kty, x, y } = jwk;
  return sha256(JSON.stringify({ crv, kty, x, y }));
}

function decoded(part: string): Json {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return {};
  }
}

function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("base64url");
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
