import type { Resolve } from "../../../auth/addresses.ts";
import { bareHost } from "../../../net/address.ts";
import { type Dial, dial, openSocketTo } from "../../../net/dial.ts";
import type { Wire } from "../../../net/gate.ts";
import { type LookUp, lookUp } from "../../../net/names.ts";
import type { Proxy } from "../../../net/proxy.ts";
import { portOf } from "../../../net/server_url.ts";
import { type Shown, shownBy } from "../../../net/shown_certificate.ts";
import type { TlsSettings } from "../../../net/tls.ts";
import { openTunnel, reachProxy } from "../../../net/tunnel.ts";
import type { Clock } from "../../../platform/clock.ts";
import type { Environment } from "../../../registry/references.ts";
import { openBudget } from "../../budget.ts";
import { type NetworkSettings, openNetwork } from "../../network.ts";

/** The ways to a server, step by step; a test brings its own. */
export interface NetworkDoors {
  lookUp: LookUp;
  dial: Dial;
  /** By which names are judged that a server gives out; the rule's own way goes without saying. */
  readonly resolve?: Resolve;
  /** Goes as far as a proxy lets us on the way to a server. @throws {BridgeError} as `openTunnel` */
  tryProxy(target: URL, proxy: Proxy, tls: TlsSettings): Promise<void>;
  /** What a server shows of itself by TLS, on a connection to `address` or by a proxy; see `shownBy`. */
  certificate(target: URL, by: string | Proxy, tls: TlsSettings): Promise<Shown | string>;
  /** The product's own way out. */
  wire(settings: NetworkSettings, clock: Clock): Wire;
}

/** How long each step may take, in ms: less than a check has. */
const LOOKUP_MS = 4_000;
const DIAL_MS = 4_000;

/** The ways of this machine; `env` names the proxies. */
export function systemNetwork(env: Environment): NetworkDoors {
  return {
    lookUp: (name, family) => lookUp(name, family, LOOKUP_MS),
    dial: (address, port) => dial(address, port, DIAL_MS),
    async tryProxy(target, proxy, tls): Promise<void> {
      const options = { env, tls, patience: DIAL_MS };
      if (target.protocol === "https:") (await openTunnel(target, proxy, options)).destroy();
      else await reachProxy(target, proxy, options);
    },
    async certificate(target, by, tls): Promise<Shown | string> {
      const socket = typeof by === "string"
        ? await openSocketTo(by, portOf(target), DIAL_MS)
        : await openTunnel(target, by, { env, tls, patience: DIAL_MS });
      return typeof socket === "string" ? socket : await shownBy(socket, bareHost(target), tls, DIAL_MS);
    },
    wire: (settings, clock) => openNetwork(settings, clock, openBudget()),
  };
}
