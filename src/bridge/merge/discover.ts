import type { Clock } from "../../platform/clock.ts";
import { BridgeError } from "../../platform/errors.ts";
import { decodedString, type Message } from "../../transport/message.ts";
import { knowsNoSessions } from "../../transport/refusal.ts";
import { errorAnswer } from "../answers.ts";
import { firstRevision } from "../era/discovery.ts";
import type { Absences } from "./absences.ts";
import type { Branch } from "./branch.ts";
import { causeOf, FanOut, type Outcome, type UnderWay } from "./fan_out.ts";
import { mergedDiscoverResult, offersOf, type ServerInfo } from "./offers.ts";

/** What asking several servers what they are needs. */
export interface DiscoverOptions {
  readonly branches: readonly Branch[];
  readonly clock: Clock;
  readonly absences: Absences;
  readonly serverInfo: ServerInfo;
}

/**
 * Answers `server/discover` by what all servers offer. Where one of them wants a handshake, the client is refused as by a
 * server of that era, so that a client of both eras makes it and has all of them; where none is there at all, likewise.
 */
export function discover(request: Message, options: DiscoverOptions): UnderWay {
  const { branches, clock, absences, serverInfo } = options;
  const fanOut = new FanOut({ branches, request, capability: undefined, clock, isLate: () => false, onlate: () => {} });
  const answer = fanOut.done.then((outcomes) => {
    const offers = offersOf(outcomes);
    const offering = new Set(offers.map(({ branch }) => branch));
    for (const { branch, capabilities } of offers) branch.presence.learn(capabilities);
    const shaking = outcomes.filter((each) => !offering.has(each.branch) && isOfHandshake(each));
    if (shaking.length > 0) {
      return refused(request, handshakeWanted(shaking.map(({ branch }) => branch.slug)), serverInfo);
    }
    const absent = outcomes.filter(({ branch }) => !offering.has(branch)).map((outcome) => ({
      slug: outcome.branch.slug,
      cause: causeOf(outcome)!,
    }));
    if (offers.length > 0 || outcomes.length === 0) {
      for (const { slug, cause } of absent) absences.tell(slug, cause);
      return mergedDiscoverResult(request, offers, serverInfo, absent.length === 0);
    }
    const each = absent.map(({ slug, cause }) => `${slug}: ${cause}`).join("; ");
    return refused(
      request,
      new BridgeError("unknown_method", `no server answers server/discover: ${each}`),
      serverInfo,
    );
  });
  return { answer, cancel: (notification) => fanOut.cancel(notification) };
}

/** What a server of that era says to `server/discover` is no offer; one that cannot be had says nothing of eras. */
function isOfHandshake(outcome: Outcome): boolean {
  if (outcome.kind !== "failed") return outcome.kind !== "late";
  return !isOfBridge(outcome.error) && !knowsNoSessions(outcome.error);
}

/** Whether a bridge said it, this one or a `serve`, and no server. */
function isOfBridge(error: Message): boolean {
  return decodedString(error.answerMember("error", "message"))?.startsWith("mcp-bridge: ") === true;
}

function refused(request: Message, error: BridgeError, serverInfo: ServerInfo): Message {
  return errorAnswer(request.id!, error, serverInfo.name);
}

function handshakeWanted(slugs: readonly string[]): BridgeError {
  const want = slugs.length === 1 ? "wants" : "want";
  return new BridgeError(
    "unknown_method",
    `${slugs.join(", ")} ${want} the handshake of MCP 2025-11-25 or earlier: use "initialize" here`,
    { hint: `a client that speaks ${firstRevision()} alone reaches the other servers by their names` },
  );
}
