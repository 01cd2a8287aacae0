import { isSameSecret } from "../net/guard.ts";
import { BridgeError } from "../platform/errors.ts";
import { type Preface, sayLine } from "./attach_hello.ts";

/** The other side of a connection, to be spoken to. */
export interface Listener {
  write(bytes: Uint8Array): number | Promise<number>;
}

/**
 * Shows `serve` that we hold the token of this user, once it has shown that it does. Neither side says the token.
 *
 * @throws {BridgeError} `unauthorized`
 */
export async function proveToServe(token: string, socket: Listener, preface: Preface): Promise<void> {
  const ours = nonce();
  await socket.write(sayLine({ nonce: ours }));
  const { nonce: theirs, proof } = await preface.next() ?? {};
  const isServe = typeof theirs === "string" && typeof proof === "string" &&
    isSameSecret(proof, proofOf(token, "serve", ours, theirs));
  if (!isServe) throw new BridgeError("unauthorized", "what listens in the place of serve is something else");
  await socket.write(sayLine({ proof: proofOf(token, "client", ours, theirs) }));
}

/** The same on the side of `serve`; whether the process holds the token. */
export async function isProvenBy(token: string, socket: Listener, preface: Preface): Promise<boolean> {
  const { nonce: theirs } = await preface.next() ?? {};
  if (typeof theirs !== "string") return false;
  const ours = nonce();
  await socket.write(sayLine({ nonce: ours, proof: proofOf(token, "serve", theirs, ours) }));
  const { proof } = await preface.next() ?? {};
  return typeof proof === "string" && isSameSecret(proof, proofOf(token, "client", theirs, ours));
}

function nonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

/** Each side has a word of its own, so that no answer of the one is one of the other. */
function proofOf(token: string, side: "serve" | "client", client: string, serve: string): string {
  return new Bun.CryptoHasher("sha256", token).update(JSON.stringify([side, client, serve])).digest("base64url");
}
