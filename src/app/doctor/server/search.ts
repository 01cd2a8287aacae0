import type { AuthChallenge } from "../../../auth/challenge.ts";
import { discover, type Discovery, type Step } from "../../../auth/discover.ts";
import { namedDiscovery } from "../../../auth/unattended.ts";
import { BridgeError, type ErrorCode } from "../../../platform/errors.ts";
import { type Explanation, type Explanations, fault, faultOf, type Finding, skip } from "../check.ts";
import type { World } from "../world.ts";
import { bareAnswer, wireOf } from "./bare_answer.ts";
import { held } from "./held.ts";
import { type Held, ownerOf } from "./kept.ts";
import { settingsOf } from "./subject.ts";

/** Whether it is to be found out who signs people in: for a challenge, or because somebody has signed in before. */
export type Need =
  | { readonly kind: "needed"; readonly challenge: AuthChallenge | undefined }
  | { readonly kind: "needless"; readonly why: string };

/** An address that was asked for metadata. */
export interface AskedStep extends Step {
  readonly of: "server" | "authorization server";
}

/** What the search for who signs people in has brought. */
export interface Search {
  readonly asked: readonly AskedStep[];
  /** Who signs people in, and whether the server says so; nothing where the search ended before that. */
  readonly named: { readonly servers: readonly string[]; readonly isPublished: boolean } | undefined;
  readonly discovery: Discovery | undefined;
  /** Why there is none. */
  readonly thrown: unknown;
  /** Whether a person has named who signs people in, so that nobody was asked. */
  readonly isGiven: boolean;
}

/** Whether a sign-in matters here. */
export async function need(world: World): Promise<Need> {
  const { headers, signIn } = settingsOf(world);
  if (headers["authorization"] !== undefined) return { kind: "needless", why: "the credential is given in a header" };
  if (signIn.tokenCommand !== undefined) return { kind: "needless", why: "a program of yours gives the token" };
  const answer = await bareAnswer(world).catch(() => undefined);
  if (answer?.status === 401) return { kind: "needed", challenge: answer.challenge };
  // What keeps the vault shut is for the check of the token to say.
  if (await held(world).catch(() => undefined) !== undefined) {
    return { kind: "needed", challenge: answer?.challenge };
  }
  const isBusy = answer !== undefined && (answer.status === 429 || answer.status >= 500);
  const why = isBusy
    ? `the server answers ${answer.status} before it asks for a sign-in`
    : "the server asks for no sign-in";
  return { kind: "needless", why };
}

/** What a check finds where a sign-in matters, by the server's challenge; elsewhere the check is skipped. */
export async function whereNeeded(
  world: World,
  look: (challenge: AuthChallenge | undefined) => Promise<Finding>,
): Promise<Finding> {
  const wanted = await need(world);
  return wanted.kind === "needless" ? skip(wanted.why) : await look(wanted.challenge);
}

/** Finds out who signs people in, as a sign-in does; once. */
export function search(world: World, challenge: AuthChallenge | undefined): Promise<Search> {
  return world.once("search", async () => {
    const given = await namedDiscovery({ settings: settingsOf(world).signIn, owner: ownerOf(world) });
    if (given !== undefined) return { asked: [], named: undefined, discovery: given, thrown: undefined, isGiven: true };
    const known = await held(world).catch(() => undefined);
    return await searchAnew(world, challenge, known);
  });
}

async function searchAnew(
  world: World,
  challenge: AuthChallenge | undefined,
  known: Held | undefined,
): Promise<Search> {
  const { resolve } = world.doors.network;
  const asked: AskedStep[] = [];
  let named: Search["named"];
  let discovery: Discovery | undefined;
  let thrown: unknown;
  try {
    discovery = await discover(new URL(ownerOf(world).server), challenge, {
      wire: await wireOf(world),
      clock: world.clock,
      signal: world.signal,
      ...(resolve === undefined ? {} : { resolve }),
      anyNetwork: settingsOf(world).signIn.anyNetwork,
      ...(known === undefined ? {} : { preferredIssuer: known.grant.discovery.issuer }),
      watch: {
        onasked: (step) => void asked.push({ ...step, of: named === undefined ? "server" : "authorization server" }),
        onnamed: (servers, isPublished) => void (named = { servers, isPublished }),
      },
    });
  } catch (failure) {
    thrown = failure;
  }
  return { asked, named, discovery, thrown, isGiven: false };
}

/** The addresses that one of the two was asked at, for `--json`. */
export function stepsOf({ asked }: Search, of: AskedStep["of"]): Step[] {
  return asked.filter((step) => step.of === of).map(({ url, status }) => ({ url, status }));
}

/** The same for people: each path and what came of it, in brackets; nothing where nobody was asked. */
export function stepsText(steps: readonly Step[]): string {
  if (steps.length === 0) return "";
  return ` (asked: ${steps.map(({ url, status }) => `${new URL(url).pathname} ${status}`).join(", ")})`;
}

/** By which nothing was learnt of whoever was asked. */
const UNANSWERED: ReadonlySet<ErrorCode> = new Set([
  "unreachable",
  "connect_timeout",
  "outcome_unknown",
  "timed_out",
  "proxy_refused",
]);

/** The faults that a search can end by, for the check that explains them. */
type SearchFaults =
  & Explanations
  & Readonly<Record<"unreachable" | "bad_metadata" | "untrusted_certificate", Explanation>>;

/** Why nothing came of the search, with what was asked until then. */
export function searchFailure(explains: SearchFaults, { thrown }: Search, asked: readonly Step[]): Finding {
  const finding = failureOf(explains, thrown);
  return { ...finding, text: finding.text + stepsText(asked), details: { asked } };
}

function failureOf(explains: SearchFaults, thrown: unknown): Finding {
  if (!(thrown instanceof BridgeError)) return faultOf(explains, thrown);
  const { code, message: text, hint } = thrown;
  const said = { text, ...(hint === undefined ? {} : { cure: hint }) };
  if (UNANSWERED.has(code)) return fault(explains, "unreachable", said);
  return code === "too_large" ? fault(explains, "bad_metadata", said) : faultOf(explains, thrown);
}
