import { interceptorOf } from "../../../net/interceptors.ts";
import type { Shown, ShownCertificate } from "../../../net/shown_certificate.ts";
import { certificateFault, certificateFaultOf } from "../../../net/tls.ts";
import { quoted } from "../../../platform/errors.ts";
import { type Check, type Details, fault, type Finding, ok, skip } from "../check.ts";
import type { World } from "../world.ts";
import { addressOf, openAddress, proxyTo, saidIn, settingsOf } from "./subject.ts";

/** A certificate that ends within so much is told of, in ms: renewals by machine come 30 days before the end. */
const SOON_MS = 14 * 86_400_000;
const DAY_MS = 86_400_000;

const OWN_AUTHORITY = 'give its authority as a PEM file with "--ca FILE", or in the variable NODE_EXTRA_CA_CERTS';
const TELL = "tell whoever runs the server";
/** What comes in place of TLS's own words where somebody answers in plain text. */
const PLAIN = /WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG/;

const explains = {
  expired: {
    result: "fail",
    cause: "the server's certificate has expired",
    cure: `${TELL}, or set this machine's clock`,
  },
  not_yet_valid: {
    result: "fail",
    cause: "the server's certificate is not valid yet",
    cure: "set this machine's clock",
  },
  wrong_name: {
    result: "fail",
    cause: "the server shows a certificate for another host",
    cure: "check the address; a sign-in page of this network (captive portal) shows itself so, too",
  },
  self_signed: {
    result: "fail",
    cause: "the server shows a certificate that nobody known has signed",
    cure: OWN_AUTHORITY,
  },
  unknown_authority: {
    result: "fail",
    cause: "the certificate is signed by an authority that this machine does not know",
    cure: OWN_AUTHORITY,
  },
  intercepted: {
    result: "fail",
    cause: "a proxy of your organisation, or a program on this machine, opens the connection and shows a certificate " +
      "of its own",
    cure: OWN_AUTHORITY,
  },
  plain: {
    result: "fail",
    cause: "what listens there speaks without TLS, and the address says https (or wss)",
    cure: 'check the port; where nothing is to be encrypted, say "http" (or "ws") in the address',
  },
  no_tls: {
    result: "fail",
    cause: "no TLS connection comes about",
    cure: 'check the address and its port; does the server want "--cert" and "--key"?',
  },
  not_accepted: { result: "fail", cause: "the certificate is not accepted", cure: OWN_AUTHORITY },
  silent: {
    result: "fail",
    cause: "the server takes the connection and says nothing",
    cure: "check the port, or try again later",
  },
  expires_soon: { result: "warn", cause: "the server's certificate ends soon", cure: TELL },
  not_checked: {
    result: "warn",
    cause: "the server's certificate is not checked: anybody on the way can read and change what passes",
    cure: 'leave "--insecure" out',
  },
} as const;

/** Whether the server's certificate is accepted, and who has signed it. */
export const serverTls: Check = {
  code: "server-tls",
  title: "certificate",
  after: ["server-proxy", "server-tcp"],
  explains,
  async run(world): Promise<Finding> {
    const url = addressOf(world);
    if (url.protocol !== "https:") return skip("nothing is encrypted on this way");
    const by = proxyTo(world) ?? await openAddress(world);
    if (by === undefined) return skip("no address of the server accepts a connection");
    const shown = await world.doors.network.certificate(url, by, settingsOf(world).network.tls);
    return typeof shown === "string" ? unshown(shown, url.host) : judge(shown, url.host, world);
  },
};

function unshown(code: string, host: string): Finding {
  if (code === "TIMEOUT") return fault(explains, "silent", { text: `${host} takes the connection and says nothing` });
  if (PLAIN.test(code)) {
    return fault(explains, "plain", { text: `what listens at ${host} speaks without TLS (${code})` });
  }
  return fault(explains, "no_tls", { text: `no TLS connection to ${host} comes about (${code})` });
}

function judge(shown: Shown, host: string, world: World): Finding {
  const [own] = shown.chain;
  const details = detailsOf(shown);
  if (!settingsOf(world).network.tls.rejectUnauthorized) {
    const text = shown.fault === undefined ? undefined : `${faultText(shown.fault, host)}, and it is not checked`;
    const isWritten = world.target!.entry?.tls.insecure === true;
    const cure = isWritten ? { cure: 'take "insecure" out of "tls" in the entry of servers.json' } : {};
    return fault(explains, "not_checked", { ...(text === undefined ? {} : { text }), ...cure, details });
  }
  if (shown.fault !== undefined) return refused(shown, host, details, world);
  const signer = signerOf(shown);
  const left = (own?.until ?? NaN) - world.clock.now();
  const text = `${shown.protocol}, signed by ${signer}, good until ${dayOf(own)}`;
  if (left >= SOON_MS || Number.isNaN(left)) return ok(text, details);
  return fault(explains, "expires_soon", { text: `the certificate ends in ${spanOf(left)}, ${dayOf(own)}`, details });
}

function refused(shown: Shown, host: string, details: Details, world: World): Finding {
  const kind = certificateFaultOf(shown.fault!) ?? "not_accepted";
  const interceptor = interceptedBy(shown);
  const isUnknown = kind === "unknown_authority" || kind === "self_signed";
  if (isUnknown && interceptor !== undefined) {
    return fault(explains, "intercepted", {
      text: `${interceptor} opens connections to ${host} and shows a certificate of its own, signed by ` +
        `${issuerOf(shown)}, which is not trusted`,
      cure: `ask who runs it for its authority as a PEM file, and ${authorityCure(world)}`,
      details,
    });
  }
  const text = `${faultText(shown.fault!, host)}, ${particularsOf(shown, kind, world.clock.now())}`;
  const cure = isUnknown ? { cure: `have its authority as a PEM file, and ${authorityCure(world)}` } : {};
  return fault(explains, kind, { text, ...cure, details });
}

/** How an authority of a person's own is trusted for this server. */
function authorityCure(world: World): string {
  return `${saidIn(world, '"--ca FILE"', '"tls": { "ca": "FILE" }')}, or name it in NODE_EXTRA_CA_CERTS`;
}

function faultText(code: string, host: string): string {
  return certificateFault(code, host)?.message ?? `the certificate of ${host} is not accepted (${code})`;
}

function particularsOf(shown: Shown, kind: string, now: number): string {
  const [own] = shown.chain;
  // Whether the clock is at fault is seen by the day that it says.
  const today = `, and this machine's clock says ${new Date(now).toISOString().slice(0, 10)}`;
  if (kind === "expired") return `on ${dayOf(own)}${today}`;
  if (kind === "not_yet_valid") return `but from ${dayOf(own, "from")} on${today}`;
  if (kind === "wrong_name") {
    return `for ${quoted(shown.names.replaceAll(/DNS:|IP Address:/g, "") || own?.subject || "nobody")}`;
  }
  return `signed by ${issuerOf(shown)}`;
}

function interceptedBy({ chain }: Shown): string | undefined {
  return interceptorOf(...chain.flatMap(({ issuer, organisation }) => [issuer, organisation]));
}

function issuerOf({ chain }: Shown): string {
  return quoted(chain[0]?.issuer ?? "nobody");
}

/** Who signed, and whose that is where somebody on the way is known by it. */
function signerOf(shown: Shown): string {
  const interceptor = interceptedBy(shown);
  const organisation = shown.chain[0]?.organisation;
  if (interceptor !== undefined) return `${issuerOf(shown)}, which is ${interceptor} on the way`;
  return organisation === undefined || organisation === shown.chain[0]?.issuer
    ? issuerOf(shown)
    : `${issuerOf(shown)} of ${quoted(organisation)}`;
}

function dayOf(certificate: ShownCertificate | undefined, end: "from" | "until" = "until"): string {
  const at = certificate?.[end];
  return at === undefined || Number.isNaN(at) ? "an unknown day" : new Date(at).toISOString().slice(0, 10);
}

function spanOf(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  return days < 1 ? "less than a day" : days === 1 ? "a day" : `${days} days`;
}

function detailsOf(shown: Shown): Details {
  return {
    protocol: shown.protocol,
    names: shown.names,
    interceptor: interceptedBy(shown),
    chain: shown.chain.map(({ from, until, ...certificate }) => ({
      ...certificate,
      from: time(from),
      until: time(until),
    })),
  };
}

function time(ms: number): string | undefined {
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
