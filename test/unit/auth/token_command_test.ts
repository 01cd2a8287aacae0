import { describe, expect, test } from "bun:test";
import { TokenCommand } from "../../../src/auth/token_command.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { failureOf } from "./rig.ts";

const REFUSAL = { status: 401, challenge: undefined, tried: new Set<never>() } as const;

function commandOf(script: string, env: Record<string, string> = {}): TokenCommand {
  const { PATH, SystemRoot } = process.env;
  const command = [process.execPath, "-e", script];
  return new TokenCommand({ command, lifetime: 60_000, env: { PATH, SystemRoot, ...env }, clock: new FakeClock() });
}

describe("the program that prints a token", () => {
  test("gets our environment, but for what is meant for us alone", async () => {
    const env = { TENANT: "acme", MCP_BRIDGE_PASSPHRASE: "hunter2", MCP_BRIDGE_HOME: "/x" };
    const script = 'console.log(Object.keys(process.env).filter((name) => /^(?:TENANT|MCP_)/.test(name)).join("."))';
    expect(await commandOf(script, env).current()).toBe("TENANT");
  });

  test("is asked once for all who wait, and again only when its token has ended or is refused", async () => {
    const command = commandOf("console.log(crypto.randomUUID())");
    const [one, other] = await Promise.all([command.current(), command.current()]);
    expect(other).toBe(one);
    expect(command.current()).toBe(one);
    const { token, by } = await command.better({ ...REFUSAL, used: one });
    expect([token === one, by]).toEqual([false, "refresh"]);
    expect(command.current()).toBe(token);
  });

  test.each([
    ["prints nothing", "", "bad_token_answer"],
    ["prints more than a token", "console.log('a b')", "bad_token_answer"],
    ["fails", "process.exit(3)", "bad_command"],
  ])("that %s gives none", async (_what, script, code) => {
    expect((await failureOf(Promise.resolve(commandOf(script).current()))).code).toBe(code as "bad_command");
  });
});
