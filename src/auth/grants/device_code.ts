import { pause } from "../../platform/clock.ts";
import { BridgeError } from "../../platform/errors.ts";
import { safeAddress } from "../addresses.ts";
import { ask } from "../ask.ts";
import { authenticate, type Client } from "../client.ts";
import type { Discovery } from "../discover.ts";
import { OAuthRefusal, refusalOf } from "../refusal.ts";
import { chooseLastingScope } from "../scope.ts";
import { requestTokens, secretsOf, type TokenSet, type TokenTools } from "../token_endpoint.ts";
import { addTarget, type GrantWish } from "./grant.ts";

/** A sign-in that waits for a person at another machine (RFC 8628, 3.2). */
export interface DeviceAuthorization {
  /** Where the person goes. */
  readonly verificationUri: URL;
  /** The same with the code in it, for a QR code or a link. */
  readonly completeUri?: URL;
  /** What the person types there: visible signs only. */
  readonly userCode: string;
  /** A secret. */
  readonly deviceCode: string;
  readonly scope: string | undefined;
  readonly resource: string | undefined;
  /** How long to wait between questions, in ms. */
  readonly interval: number;
  /** When it is too late, in ms. */
  readonly expiresAt: number;
}

const DEFAULT_INTERVAL_MS = 5_000;
const LONGEST_INTERVAL_MS = 60_000;
const DEFAULT_LIFE_MS = 600_000;
const LONGEST_LIFE_MS = 1_800_000;

/** By how much an interval is stretched: clocks of virtual machines run fast, which servers take for impatience. */
const PATIENCE = 1.2;

/** After which failures of a question the next may succeed. */
const PASSING = new Set(["unreachable", "connect_timeout", "outcome_unknown", "timed_out", "http_status"]);

/**
 * Asks for a code that a person types at another machine.
 *
 * @throws {BridgeError} `bad_metadata` where the server does not know that way, `bad_token_answer`, `unsafe_address`, and
 * as `requestTokens`
 */
export async function beginOnDevice(wish: GrantWish, tools: TokenTools): Promise<DeviceAuthorization> {
  const { client, discovery: { metadata, server } } = wish;
  if (metadata.deviceAuthorizationEndpoint === undefined) {
    throw new BridgeError("bad_metadata", `${new URL(metadata.issuer).host} signs nobody in on another machine`, {
      hint: 'leave "--device-code" out, to sign in by the browser',
    });
  }
  const from = new URL(server);
  const endpoint = await safeAddress(
    metadata.deviceAuthorizationEndpoint,
    "device_authorization_endpoint",
    from,
    tools,
  );
  const headers = new Headers();
  const form = new URLSearchParams();
  const scope = chooseLastingScope(wish);
  addTarget(form, wish, scope);
  await authenticate(client, metadata, { headers, form, endpoint });
  const askedAt = tools.clock.now();
  const reply = await ask({ url: endpoint, headers, body: form }, tools);
  if (reply.status !== 200) {
    const hint = 'leave "--device-code" out, to sign in by the browser';
    throw refusalOf(reply, endpoint, "token", hint, secretsOf(form, client));
  }
  const said = (reply.json ?? {}) as Record<string, unknown>;
  const { device_code: deviceCode, user_code: userCode, verification_uri_complete: complete } = said;
  const place = said["verification_uri"] ?? said["verification_url"];
  if (!isVisible(deviceCode, 4_096) || !isVisible(userCode, 64) || typeof place !== "string") {
    throw new BridgeError("bad_token_answer", `the code that ${endpoint.host} gave is none`, {
      hint: "ask whoever runs the authorization server",
    });
  }
  return {
    verificationUri: await safeAddress(place, "verification_uri", from, tools),
    ...(typeof complete === "string"
      ? { completeUri: await safeAddress(complete, "verification_uri_complete", from, tools) }
      : {}),
    userCode,
    deviceCode,
    scope,
    resource: form.get("resource") ?? undefined,
    interval: milliseconds(said["interval"], DEFAULT_INTERVAL_MS, LONGEST_INTERVAL_MS),
    expiresAt: askedAt + milliseconds(said["expires_in"], DEFAULT_LIFE_MS, LONGEST_LIFE_MS),
  };
}

/**
 * Waits until the person has consented (RFC 8628, 3.4 and 3.5).
 *
 * @throws {OAuthRefusal} `sign_in_refused` where the person said no, or nothing in time
 * @throws {BridgeError} as `requestTokens`
 */
export async function awaitDevice(
  begun: DeviceAuthorization,
  client: Client,
  discovery: Discovery,
  tools: TokenTools,
): Promise<TokenSet> {
  const { clock, signal } = tools;
  let wait = begun.interval * PATIENCE;
  for (;;) {
    await pause(clock, wait, signal);
    if (signal?.aborted) throw signal.reason;
    if (clock.now() >= begun.expiresAt) throw tooLate("expired_token");
    const form = new URLSearchParams({
      "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
      "device_code": begun.deviceCode,
    });
    if (begun.resource !== undefined) form.set("resource", begun.resource);
    try {
      const tokens = await requestTokens(form, client, discovery, tools);
      return begun.scope === undefined ? tokens : { scope: begun.scope, ...tokens };
    } catch (thrown) {
      const next = nextWait(thrown, wait);
      if (next === undefined) throw thrown;
      wait = next;
    }
  }
}

/** How long to wait after a failed question; nothing where there is no point. Throws where the person has said no. */
function nextWait(thrown: unknown, wait: number): number | undefined {
  if (!(thrown instanceof BridgeError)) return undefined;
  if (PASSING.has(thrown.code)) return Math.min(wait * 2, LONGEST_INTERVAL_MS);
  if (!(thrown instanceof OAuthRefusal)) return undefined;
  switch (thrown.oauthError) {
    case "authorization_pending":
      return wait;
    case "slow_down":
      return wait + DEFAULT_INTERVAL_MS * PATIENCE;
    case "expired_token":
    case "access_denied":
      throw tooLate(thrown.oauthError);
  }
  return undefined;
}

function tooLate(oauthError: "expired_token" | "access_denied"): OAuthRefusal {
  const text = oauthError === "access_denied" ? "the sign-in was declined" : "nobody signed in in time";
  return new OAuthRefusal("sign_in_refused", text, { oauthError, hint: 'sign in again with "mcp-bridge login"' });
}

function isVisible(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest &&
    /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value);
}

function milliseconds(seconds: unknown, normal: number, most: number): number {
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds <= 0) return normal;
  return Math.min(Math.max(seconds * 1_000, 1_000), most);
}
