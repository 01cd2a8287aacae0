/** Who opens TLS connections on their way and signs in the servers' place, by what their certificates say. */
const INTERCEPTORS: readonly [issuer: RegExp, name: string][] = [
  [/zscaler/i, "Zscaler"],
  [/netskope|goskope/i, "Netskope"],
  [/palo ?alto networks/i, "Palo Alto Networks"],
  [/fortinet|fortigate/i, "Fortinet"],
  [/cisco umbrella|opendns/i, "Cisco Umbrella"],
  [/blue ?coat|symantec web security/i, "Symantec Web Security"],
  [/forcepoint|websense/i, "Forcepoint"],
  [/mcafee web gateway|skyhigh/i, "Skyhigh"],
  [/sophos/i, "Sophos"],
  [/check ?point/i, "Check Point"],
  [/sonicwall/i, "SonicWall"],
  [/watchguard|fireware/i, "WatchGuard"],
  [/barracuda/i, "Barracuda"],
  [/cato networks/i, "Cato Networks"],
  [/gateway ca - cloudflare/i, "Cloudflare Gateway"],
  [/menlo security/i, "Menlo Security"],
  [/iboss/i, "iboss"],
  [/smoothwall/i, "Smoothwall"],
  [/avast|\bavg\b/i, "Avast"],
  [/kaspersky/i, "Kaspersky"],
  [/\beset\b/i, "ESET"],
  [/bitdefender/i, "Bitdefender"],
  [/norton/i, "Norton"],
  [/adguard/i, "AdGuard"],
  [/mitmproxy/i, "mitmproxy"],
  [/fiddler/i, "Fiddler"],
  [/charles proxy/i, "Charles"],
  [/portswigger/i, "Burp"],
  [/proxyman/i, "Proxyman"],
];

/** Whose certificate it is that stands in a server's place, by its signer's names; nothing where none is known. */
export function interceptorOf(...names: readonly (string | undefined)[]): string | undefined {
  const said = names.join("\n");
  return INTERCEPTORS.find(([issuer]) => issuer.test(said))?.[1];
}
