import type { Clock } from "../../platform/clock.ts";
import { BridgeError } from "../../platform/errors.ts";
import type { Message } from "../../transport/message.ts";
import { errorAnswer } from "../answers.ts";
import { firstRevision } from "../era/discovery.ts";
import type { Absences } from "./absences.ts";
import type { Branch } from "./branch.ts";
import { causeOf, FanOut, type UnderWay } from "./fan_out.ts";
import { mergedDiscoverResult, offersOf, type ServerInfo } from "./offers.ts";

/** What asking several servers what they are needs. */
export interface DiscoverOptions {
  readonly branches: readonly Branch[];
  readonly clock: Clock;
  readonly absences: Absences;
  readonly serverInfo: ServerInfo;
}

/**
 * Answers `server/discover` by what all those servers offer that do without a handshake. Where none does, the client is
 * refused as by a server that wants one, so that a client of both eras makes it.
 */
export function discover(request: Message, options: DiscoverOptions): UnderWay {
  const { branches, clock, absences, serverInfo } = options;
  const fanOut = new FanOut({ branches, request, capability: undefined, clock, isLate: () => false, onlate: () => {} });
  const answer = fanOut.done.then((outcomes) => {
    const offers = offersOf(outcomes);
    const offering = new Set(offers.map(({ branch }) => branch));
    for (const { branch, capabilities } of offers) branch.presence.learn(capabilities);
    const absent = outcomes.filter(({ branch }) => !offering.has(branch)).map((outcome) => ({
      slug: outcome.branch.slug,
      cause: causeOf(outcome) ?? `the server does not speak MCP ${firstRevision()}`,
    }));
    if (offers.length > 0 || outcomes.length === 0) {
      for (const { slug, cause } of absent) absences.tell(slug, cause);
      return mergedDiscoverResult(request, offers, serverInfo, absent.length === 0);
    }
    const each = absent.map(({ slug, cause }) => `${slug}: ${cause}`).join("; ");
    const error = new BridgeError("unknown_method", `no server answers server/discover: ${each}`);
    return errorAnswer(request.id!, error, serverInfo.name);
  });
  return { answer, cancel: (notification) => fanOut.cancel(notification) };
}
