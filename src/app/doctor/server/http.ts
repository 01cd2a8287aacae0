import type { Redirect } from "../../../net/redirects.ts";
import { BridgeError, quoted } from "../../../platform/errors.ts";
import { type Check, type Details, fault, faultOf, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";
import { type BareAnswer, bareAnswer, NoBareAnswer } from "./bare_answer.ts";
import { addressOf, commandFor, isHttp } from "./subject.ts";

const ASK = "try again later, or ask whoever runs the server";

const explains = {
  redirected: {
    result: "fail",
    cause: "the server sends elsewhere, where no credential may follow: it has moved, or a network wants a sign-in " +
      "page to be seen first (captive portal)",
    cure: "open the address that it names in a browser: sign in to the network there, or use that address",
  },
  captive_portal: {
    result: "fail",
    cause: "the network wants a sign-in page to be seen first (captive portal, 511)",
    cure: "open any page in a browser, and sign in to the network",
  },
  page: {
    result: "fail",
    cause: "a page for people answers in place of MCP: the address is that of a website, or a network's sign-in page " +
      "is in the way (captive portal)",
    cure: "open the address in a browser, where a sign-in page of the network would show; the path of an MCP server " +
      "is often /mcp",
  },
  server_error: { result: "fail", cause: "the server, or a gateway before it, is in trouble", cure: ASK },
  busy: { result: "warn", cause: "the server asks for patience (429, 503)", cure: "try again later" },
  no_challenge: {
    result: "warn",
    cause: "the server answers 401 and does not say how to sign in",
    cure: "ask whoever runs the server for a WWW-Authenticate header with resource_metadata (RFC 9728)",
  },
  client_certificate: {
    result: "fail",
    cause: "the server ends the TLS connection as soon as something is said: it may want a certificate of ours",
    cure: 'give one with "--cert FILE" and "--key FILE"',
  },
  bad_answer: {
    result: "fail",
    cause: "what listens there does not speak HTTP",
    cure: "check the port in the address",
  },
  outcome_unknown: { result: "fail", cause: "the connection ends before an answer", cure: ASK },
  timed_out: { result: "fail", cause: "the server takes the request and does not answer", cure: ASK },
} as const;

/** What the server says to a request without a credential, and where it sends us. */
export const serverHttp: Check = {
  code: "server-http",
  title: "HTTP",
  after: ["server-proxy", "server-tcp", "server-tls"],
  explains,
  async run(world): Promise<Finding> {
    try {
      return judge(await bareAnswer(world), world);
    } catch (failure) {
      if (!(failure instanceof NoBareAnswer)) throw failure;
      return unanswered(failure, world);
    }
  },
};

function unanswered({ thrown, hops }: NoBareAnswer, world: World): Finding {
  const last = hops.at(-1);
  // The certificate that the server shows was looked at before, and is well.
  if (thrown instanceof BridgeError && thrown.code === "untrusted_certificate") {
    return fault(explains, "client_certificate", { details: { said: thrown.message } });
  }
  if (last === undefined || !(thrown instanceof BridgeError)) return faultOf(explains, thrown);
  const details = { redirects: hops.map(hopOf) };
  const to = URL.canParse(last.to, last.from.href) ? new URL(last.to, last.from) : undefined;
  if (to === undefined || to.origin !== addressOf(world).origin) {
    return fault(explains, "redirected", {
      text: `the server redirects to another origin, ${quoted(placeIn(last))} (${last.status}), where we do not follow`,
      details,
    });
  }
  const cure = `use ${quoted(to.href)} in place of the address`;
  return fault(explains, "redirected", { text: thrown.message, cure, details });
}

function judge(answer: BareAnswer, world: World): Finding {
  const { status, type, challenge, hops, proxy } = answer;
  const details: Details = {
    status,
    ...(type === "" ? {} : { type }),
    ...(hops.length === 0 ? {} : { redirects: hops.map(hopOf) }),
    ...(challenge === undefined ? {} : { challenge }),
  };
  const speaker = proxy === undefined ? "the server" : `the server, or the proxy ${proxy} on the way,`;
  if (status === 511) return fault(explains, "captive_portal", { details });
  if (status === 429 || status === 503) {
    const wait = answer.retryAfter === undefined ? "" : `, to wait ${Math.ceil(answer.retryAfter / 1_000)} s`;
    return fault(explains, "busy", { text: `${speaker} asks for patience (${status})${wait}`, details });
  }
  if (status >= 500) {
    return fault(explains, "server_error", { text: `${speaker} answers ${status}${saying(answer)}`, details });
  }
  if (status < 300 && /html/.test(type) && isHttp(world)) {
    return fault(explains, "page", { text: pageText(answer), details });
  }
  if (status === 401 && challenge === undefined) {
    const cure = `if "mcp-bridge login" fails, too: ${explains.no_challenge.cure}`;
    return fault(explains, "no_challenge", {
      cure: cure.replace('"mcp-bridge login"', commandFor(world, "login").replace(/^run /, "")),
      details,
    });
  }
  return ok(
    `${told(answer)}${hops.length === 0 ? "" : `, after ${hops.map((hop) => quoted(placeIn(hop))).join(", ")}`}`,
    details,
  );
}

function told({ status, challenge }: BareAnswer): string {
  if (status === 401) return `answers 401: it wants a sign-in (${challenge?.scheme === "dpop" ? "DPoP" : "Bearer"})`;
  return `answers ${status}`;
}

function pageText({ body }: BareAnswer): string {
  const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1]?.trim();
  const named = title === undefined || title === "" ? "" : `, ${quoted(title)},`;
  return `a page for people${named} answers in place of MCP`;
}

function saying({ body, type }: BareAnswer): string {
  return body === "" || /html/.test(type) ? "" : `, ${quoted(body)}`;
}

function hopOf(hop: Redirect): Details {
  return { status: hop.status, from: `${hop.from.origin}${hop.from.pathname}`, to: placeIn(hop) };
}

/** Where a redirect leads, without a query, which may hold keys. */
function placeIn({ to }: Redirect): string {
  const [place = ""] = to.split(/[?#]/);
  return place;
}
