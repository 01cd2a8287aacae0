import { describe, expect, test } from "bun:test";
import { type Secrets, systemKeychain } from "../../../src/platform/keychain.ts";

/** Secrets that fail with this code and text. */
function failing(code: string, message = ""): Secrets {
  const fail = (): Promise<never> => Promise.reject(Object.assign(new Error(message), { code }));
  return { get: fail, set: fail, delete: fail } as Secrets;
}

/** What Bun 1.4.5 was seen to throw on Debian, but for the last. */
const FAULTS: [what: string, kind: string, code: string, message: string][] = [
  ["libsecret is missing", "absent", "ERR_SECRETS_PLATFORM_ERROR", "libsecret not available"],
  ["there is no bus", "absent", "ERR_SECRETS_PLATFORM_ERROR", "Cannot autolaunch D-Bus without X11 $DISPLAY"],
  ["the bus is gone", "absent", "ERR_SECRETS_PLATFORM_ERROR", "Could not connect: No such file (code: 1)"],
  ["the bus refuses", "absent", "ERR_SECRETS_PLATFORM_ERROR", "Verbindung abgelehnt (code: 39)"],
  [
    "no service is behind it",
    "absent",
    "ERR_SECRETS_PLATFORM_ERROR",
    "org.freedesktop.secrets was not provided (code: 2)",
  ],
  [
    "there is a screen, and nothing to start a bus with",
    "absent",
    "ERR_SECRETS_PLATFORM_ERROR",
    "Kindprozess \u201edbus-launch\u201c konnte nicht ausgef\u00fchrt werden (code: 8)",
  ],
  ["a limit is reached", "locked_or_denied", "ERR_SECRETS_PLATFORM_ERROR", "Limits exceeded (code: 8)"],
  ["the service does not answer", "locked_or_denied", "ERR_SECRETS_PLATFORM_ERROR", "Timeout was reached (code: 24)"],
  ["the person says no", "locked_or_denied", "ERR_SECRETS_ACCESS_DENIED", "denied"],
];

describe("a keychain that fails", () => {
  test.each(FAULTS)("because %s is %s", async (_what, kind, code, message) => {
    const keychain = systemKeychain(failing(code, message), "linux");
    expect(await keychain.get("k") as unknown).toEqual({ kind });
    expect(await keychain.set("k", new Uint8Array(32))).toEqual({ kind: "locked_or_denied" });
    expect(await keychain.delete("k")).toEqual({ kind: "locked_or_denied" });
  });

  for (const platform of ["darwin", "win32"] as const) {
    test(`is never absent on ${platform}`, async () => {
      const keychain = systemKeychain(failing("ERR_SECRETS_PLATFORM_ERROR"), platform);
      expect(await keychain.get("k")).toEqual({ kind: "locked_or_denied" });
    });
  }
});

test("a key comes back as it was stored, as text under the product's name, until it is deleted", async () => {
  const stored = new Map<string, string>();
  const secrets = {
    get: ({ service, name }: { service: string; name: string }) =>
      Promise.resolve(stored.get(`${service}/${name}`) ?? null),
    set: ({ service, name, value }: { service: string; name: string; value: string }) => {
      stored.set(`${service}/${name}`, value);
      return Promise.resolve();
    },
    delete: ({ service, name }: { service: string; name: string }) =>
      Promise.resolve(stored.delete(`${service}/${name}`)),
  } as Secrets;
  const keychain = systemKeychain(secrets, "linux");
  const key = crypto.getRandomValues(new Uint8Array(32));
  expect(await keychain.get("k")).toEqual({ kind: "empty" });
  expect(await keychain.set("k", key)).toEqual({ kind: "done" });
  expect([...stored]).toEqual([["mcp-bridge/k", Buffer.from(key).toString("base64")]]);
  const found = await keychain.get("k");
  expect(found.kind === "key" && Buffer.compare(found.key, key)).toBe(0);
  await keychain.delete("k");
  expect(await keychain.get("k")).toEqual({ kind: "empty" });
});
