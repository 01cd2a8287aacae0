/** An authorization server under the names that it has on the internet, though it runs here. */
import { readFileSync } from "node:fs";
import type { Certificates } from "./certificates.ts";
import { FakeAs, type KnownAs } from "./fake_as.ts";
import { FaultProxy } from "./fault_proxy.ts";

/**
 * The server with a certificate for its names, and the proxy that leads to it whatever is asked for. Disposing it stops
 * both.
 */
export class FarAs implements Disposable {
  readonly as: FakeAs;
  readonly proxy: FaultProxy;

  private constructor(as: FakeAs, proxy: FaultProxy) {
    this.as = as;
    this.proxy = proxy;
    proxy.leadsTo = as.port;
  }

  /** Starts both, with a certificate by the authority of `certificates`. */
  static async start(known: KnownAs, certificates: Certificates): Promise<FarAs> {
    const hosts = new Set([known.authorize, known.token].map((place) => new URL(place).hostname));
    const { cert, key } = certificates.sign("far", [...hosts].map((host) => `DNS:${host}`).join());
    const tls = { cert: readFileSync(cert), key: readFileSync(key) };
    return new FarAs(new FakeAs({ known, tls }), await FaultProxy.start());
  }

  [Symbol.dispose](): void {
    this.proxy[Symbol.dispose]();
    this.as[Symbol.dispose]();
  }
}
