/** Addresses that hide where they lead. */
import { describe, expect, test } from "bun:test";
import { safeAddress } from "../../src/auth/addresses.ts";
import { failureOf, SERVER, toolsOf } from "../unit/auth/rig.ts";

const HIDDEN: readonly string[] = [
  "https://good.example@evil.example/",
  "https://good.example:443@evil.example/",
  "https://%67ood@evil.example/",
  "https://@evil.example:x@as.example.com/",
  "https://as.example.com\\@evil.example/#",
  "https://as.example.com/\u0000",
  "https://as.example.com/\u001b]8;;https://good.example\u0007",
  "https://as.example.com/\u007f",
  "https://as.example.com/\tx",
  `https://as.example.com/?${"q".repeat(2_048)}`,
  `https://${"a".repeat(64)}.${"b".repeat(2_000)}.example/`,
];

/** Names that look like others, and what is shown of them. */
const LOOK_ALIKES: readonly [name: string, shown: string][] = [
  ["\u0430pple.example", "xn--pple-43d.example"],
  ["g\u043e\u043egle.example", "xn--ggle-55da.example"],
  ["as.ex\u00e4mple.com", "as.xn--exmple-cua.com"],
  ["\uff41s.example.com", "as.example.com"],
  ["as\u3002example.com", "as.example.com"],
  ["as.example\u00ad.com", "as.example.com"],
  ["xn--pple-43d.example", "xn--pple-43d.example"],
];

describe("an address that hides where it leads is refused, and shown in quotes", () => {
  test.each(HIDDEN)("%j", async (text) => {
    const failure = await failureOf(safeAddress(text, "token_endpoint", SERVER, toolsOf()));
    expect(failure.code).toBe("unsafe_address");
    // deno-lint-ignore no-control-regex
    expect(failure.message).not.toMatch(/[\x00-\x1f\x7f]/);
    expect(failure.message.length).toBeLessThan(600);
  });
});

describe("a name beyond ASCII is shown as it is looked up", () => {
  test.each(LOOK_ALIKES)("%j as %s", async (name, shown) => {
    const { href, host } = await safeAddress(`https://${name}/token`, "token_endpoint", SERVER, toolsOf());
    expect([host, href]).toEqual([shown, `https://${shown}/token`]);
  });
});
