import { expect, test } from "bun:test";
import { bundleText } from "../../../../src/app/doctor/bundle.ts";
import type { Outcome } from "../../../../src/app/doctor/examine.ts";
import type { Report } from "../../../../src/app/doctor/report.ts";

const SECRETS = ["s3cr3t-value-of-a-header", "me:pass-word", "4f9c2a77d1b94e0f8a55c3", "sk-1234567890abcdef"];

function reportOf(...texts: string[]): Report {
  const checks = texts.map((text, place): Outcome => ({
    code: `check-${place}`,
    title: "a check",
    part: "server",
    result: "fail",
    text,
    ms: 1,
    details: { text, list: [text], [text]: 1 },
  }));
  return {
    version: "1.0.0",
    target: "https://mcp.acme.example/mcp",
    checks,
    servers: [],
    summary: { ok: 0, warn: 0, fail: 1, skip: 0, ms: 1 },
  };
}

function bundleOf(report: Report, masksHosts = false, home = "/home/anna"): string {
  const env = { HTTPS_PROXY: "http://me:pass-word@proxy.acme.example:1", MY_TOKEN: "s3cr3t-value-of-a-header" };
  return bundleText(report, { home, env, platform: "linux", masksHosts, now: 0 });
}

test("it holds no credential, wherever one stands, and is JSON", () => {
  const text = bundleOf(reportOf(
    "Authorization: Bearer s3cr3t-value-of-a-header",
    "went to http://me:pass-word@proxy.acme.example:3128/",
    "asked https://mcp.acme.example/v1/4f9c2a77d1b94e0f8a55c3/mcp?key=4f9c2a77d1b94e0f8a55c3",
    "the key sk-1234567890abcdef was refused",
  ));
  for (const secret of SECRETS) expect(text).not.toContain(secret);
  expect(text).toContain("https://mcp.acme.example/v1/***/mcp?***");
  expect(JSON.parse(text).report.checks[0].code).toBe("check-0");
});

test("codes and names of faults stay as they are", () => {
  const report = reportOf("broken");
  const checks = [{ ...report.checks[0]!, code: "vault-opens", fault: "vault_locked" }];
  const { report: { checks: [check] } } = JSON.parse(bundleOf({ ...report, checks }));
  expect([check.code, check.fault]).toEqual(["vault-opens", "vault_locked"]);
});

test("the home is ~, on Windows as well", () => {
  const text = bundleOf(reportOf("/home/anna/.config/mcp-bridge", '"/home/anna/x" is a link'));
  expect(text).not.toContain("anna");
  const windows = reportOf("C:\\Users\\anna\\AppData", JSON.stringify("C:\\Users\\anna\\AppData"));
  expect(bundleOf(windows, false, "C:\\Users\\anna")).not.toContain("anna");
});

test("of variables the names are told, and of those alone that say how we run", () => {
  expect(JSON.parse(bundleOf(reportOf())).variables).toEqual(["HTTPS_PROXY"]);
});

test("a home that is the root, or begins like another, takes nothing else along", () => {
  expect(bundleOf(reportOf("https://mcp.acme.example/mcp and /etc"), false, "/")).toContain(
    "https://mcp.acme.example/mcp",
  );
  expect(bundleOf(reportOf("/home/annabel/x and /home/anna"))).toContain("/home/annabel/x and ~");
});

test("names without dots, of proxies and of certificates are hosts as well, files and versions are none", () => {
  const text = bundleOf(
    reportOf(
      "asked http://intranet/mcp, which is not the intranet",
      "requests go by proxy.acme.example:1 (HTTPS_PROXY)",
      "signed by *.internal.acme.example, for mail.acme.example and MCP.ACME.EXAMPLE",
      "look at servers.json, /etc/x/claude_desktop_config.json and vault.db, version 1.4.5",
      "a token of the vault",
      "wss://vault/mcp",
    ),
    true,
  );
  for (const host of ["//intranet", "acme", "internal", "ACME"]) expect(text).not.toContain(host);
  for (const kept of ["not the intranet", "servers.json", "claude_desktop_config.json and vault.db, version 1.4.5"]) {
    expect(text).toContain(kept);
  }
  expect(text).toContain("a token of the vault");
  expect(text).not.toContain("wss://vault");
});

test("hosts and addresses are kept, or left out where that is wanted, the same one by the same name", () => {
  const report = reportOf(
    "no connection to mcp.acme.example came about",
    "its addresses are 192.0.2.7 and 2001:db8::17",
    "the page is at https://login.acme.example/, which is not mcp.acme.example",
    "127.0.0.1 and ::1 are this machine",
  );
  expect(bundleOf(report)).toContain("mcp.acme.example");
  const text = bundleOf(report, true);
  for (const host of ["acme", "192.0.2.7", "2001:db8"]) expect(text).not.toContain(host);
  const [, login, mcp] = /https:\/\/(host-\d)\/, which is not (host-\d)/.exec(text)!;
  expect(login).not.toBe(mcp);
  expect(text).toContain(`no connection to ${mcp} came about`);
  expect(text).toContain("127.0.0.1 and ::1 are this machine");
});
