import { MOST_REDIRECTS, type Redirect } from "../../../net/redirects.ts";
import { portOf } from "../../../net/server_url.ts";
import { BridgeError, quoted } from "../../../platform/errors.ts";
import { type Check, type Details, fault, faultOf, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";
import { type BareAnswer, bareAnswer, NoBareAnswer } from "./bare_answer.ts";
import { addressOf, commandFor, isHttp, openAddress, proxyTo, saidIn, settingsOf } from "./subject.ts";

const ASK = "try again later, or ask whoever runs the server";

const explains = {
  redirected: {
    result: "fail",
    cause:
      "the server sends elsewhere, where no credential may follow: to a page of its own, or to the sign-in page of " +
      "a network (captive portal)",
    cure: "open the address that it names in a browser: sign in to the network there, or use that address",
  },
  moved: {
    result: "fail",
    cause: "the server has moved to another path, and does not have the request made there",
    cure: "use the address that it names",
  },
  circle: {
    result: "fail",
    cause: "the server redirects in a circle",
    cure: "check the path of the address, or ask whoever runs the server",
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
  server_error: {
    result: "warn",
    cause:
      "the server, or a gateway before it, is in trouble, or takes a question without a session for an error of its own",
    cure: ASK,
  },
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
  encrypted: {
    result: "fail",
    cause: "what listens there wants TLS, and the address says http (or ws)",
    cure: 'say "https" (or "wss") in the address',
  },
  proxy_refused: {
    result: "fail",
    cause: "the proxy on the way wants a password or another one, or forbids the server",
    cure:
      "set user and password in the variable, like http://USER:PASSWORD@HOST:PORT, or except the host with NO_PROXY",
  },
  bad_answer: {
    result: "fail",
    cause: "what listens there does not speak HTTP",
    cure: "check the port in the address",
  },
  outcome_unknown: {
    result: "fail",
    cause: "the connection ends before an answer",
    cure: "check the port in the address; if it is right, try again later, or ask whoever runs the server",
  },
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
      return await wantsTls(failure, world) ?? unanswered(failure, world);
    }
  },
};

/** A connection that ends at once may have been waiting for TLS. */
async function wantsTls({ thrown }: NoBareAnswer, world: World): Promise<Finding | undefined> {
  const url = addressOf(world);
  const mayBe = thrown instanceof BridgeError && /^(?:outcome_unknown|bad_answer)$/.test(thrown.code);
  if (!mayBe || url.protocol !== "http:" || proxyTo(world) !== undefined) return undefined;
  const address = await openAddress(world);
  if (address === undefined) return undefined;
  const secure = new URL(`https://${url.hostname}:${portOf(url)}`);
  const shown = await world.doors.network.certificate(secure, address, settingsOf(world).network.tls);
  return typeof shown === "string" ? undefined : fault(explains, "encrypted");
}

function unanswered({ thrown, hops }: NoBareAnswer, world: World): Finding {
  const last = hops.at(-1);
  // The certificate that the server shows was looked at before, and is well.
  if (thrown instanceof BridgeError && thrown.code === "untrusted_certificate") {
    const cure = saidIn(world, '"--cert FILE" and "--key FILE"', '"tls": { "cert": "FILE", "key": "FILE" }');
    return fault(explains, "client_certificate", { cure, details: { said: thrown.message } });
  }
  const isRedirect = thrown instanceof BridgeError && thrown.code === "bad_answer" && last !== undefined;
  const finding = isRedirect ? redirected(last, hops.length, world) : undefined;
  const { details, ...told } = finding ?? faultOf(explains, thrown);
  return { ...told, details: { ...details, ...(last === undefined ? {} : { redirects: hops.map(hopOf) }) } };
}

/** Why the last redirect was not followed; nothing where it was. */
function redirected(last: Redirect, hops: number, world: World): Finding | undefined {
  const place = quoted(placeIn(last));
  if (!URL.canParse(last.to, last.from.href)) {
    const text = `the server redirects to ${place} (${last.status}), which is no address`;
    return fault(explains, "redirected", { text, cure: "ask whoever runs the server" });
  }
  const to = new URL(last.to, last.from);
  const shown = quoted(`${to.origin}${to.pathname}`);
  if (to.origin !== addressOf(world).origin) {
    const text = `the server redirects to another origin, ${place} (${last.status}), where we do not follow`;
    const cure = `open ${shown} in a browser: sign in to the network there, or use that address`;
    return fault(explains, "redirected", { text, cure });
  }
  if (hops > MOST_REDIRECTS) return fault(explains, "circle");
  if (last.status === 301) {
    return fault(explains, "moved", {
      text: `the server has moved to ${place} (301), and does not have the request made there`,
      cure: `use ${shown} in place of the address`,
    });
  }
  if (last.status !== 302 && last.status !== 303) return undefined;
  return fault(explains, "redirected", {
    text: `the server redirects to ${place} (${last.status}), as a website does to its own sign-in`,
    cure: `look at ${shown} in a browser; the path of an MCP server is often /mcp`,
  });
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
    const text = `${speaker} answers ${status}${saying(answer)}, to a question without a session`;
    return fault(explains, "server_error", { text, details });
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
