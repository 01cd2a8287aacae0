import type { Carrier } from "../transport/message.ts";

const SANE_ID = /^[\w.~-]{1,64}$/;
/** W3C Trace Context, 3.2: version, trace, parent and flags; later versions may say more behind them. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-[\x21-\x7e]*)?$/;
/** The same, 3.3: members of vendors. */
const TRACESTATE =
  /^[ \t]*(?:[a-z0-9][\w*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?(?:[ \t]*,[ \t]*(?:[a-z0-9][\w*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e])?)*[ \t]*$/;
const LONGEST_STATE = 512;

/** What the ids of this process begin with. */
const OWN = Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex");
let count = 0;

/** What a client's HTTP request says of itself: its id, or one of ours, and the trace that it belongs to. */
export function carrierOf({ headers }: Request): Carrier {
  const given = headers.get("x-request-id");
  const requestId = given !== null && SANE_ID.test(given) ? given : `${OWN}-${(++count).toString(36)}`;
  const traceparent = headers.get("traceparent");
  if (traceparent === null || !isTraceparent(traceparent)) return { requestId };
  const tracestate = headers.get("tracestate");
  const isSane = tracestate !== null && tracestate.length <= LONGEST_STATE && TRACESTATE.test(tracestate);
  return { requestId, trace: isSane ? { traceparent, tracestate } : { traceparent } };
}

function isTraceparent(text: string): boolean {
  const found = TRACEPARENT.exec(text);
  return found !== null && (found[1] !== "00" || found[2] === undefined);
}
