import { expect, test } from "bun:test";
import { interceptorOf } from "../../../src/net/interceptors.ts";

test("products that stand on the way are known by who signs", () => {
  expect(interceptorOf("Zscaler Intermediate Root CA (zscaler.net) (t)", "Zscaler Inc.")).toBe("Zscaler");
  expect(interceptorOf("ca.acme.goskope.com", "Acme")).toBe("Netskope");
  expect(interceptorOf("FG100F", "Fortinet")).toBe("Fortinet");
  expect(interceptorOf("Gateway CA - Cloudflare Managed G1 abc", "Cloudflare, Inc.")).toBe("Cloudflare Gateway");
  expect(interceptorOf("mitmproxy", "mitmproxy")).toBe("mitmproxy");
  expect(interceptorOf("Avast Web/Mail Shield Root", undefined)).toBe("Avast");
});

test("authorities of the web are not taken for one", () => {
  const authorities = [
    ["R11", "Let's Encrypt"],
    ["E6", "Let's Encrypt"],
    ["WR2", "Google Trust Services"],
    ["Cloudflare TLS Issuing ECC CA 1", "SSL Corporation"],
    ["Cloudflare Inc ECC CA-3", "Cloudflare, Inc."],
    ["DigiCert Global G2 TLS RSA SHA256 2020 CA1", "DigiCert Inc"],
    ["Amazon RSA 2048 M02", "Amazon"],
    ["Sectigo ECC Domain Validation Secure Server CA", "Sectigo Limited"],
    ["GlobalSign Atlas R3 DV TLS CA 2024 Q4", "GlobalSign nv-sa"],
    ["Microsoft Azure RSA TLS Issuing CA 03", "Microsoft Corporation"],
    ["GeoTrust TLS RSA CA G1", "DigiCert Inc"],
    ["Entrust Certification Authority - L1K", "Entrust, Inc."],
    ["Apple Public EV Server ECC CA 1 - G1", "Apple Inc."],
  ];
  for (const names of authorities) expect([names, interceptorOf(...names)]).toEqual([names, undefined]);
});
