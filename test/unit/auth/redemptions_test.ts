import { expect, test } from "bun:test";
import { Records } from "../../../src/auth/records.ts";
import { Redemptions } from "../../../src/auth/redemptions.ts";
import { TokenSession } from "../../../src/auth/session.ts";
import type { HttpWire } from "../../../src/net/gate.ts";
import { FakeClock } from "../../harness/fake_clock.ts";
import { FakeWire } from "../../harness/fake_wire.ts";
import { grantOf } from "../../harness/grant.ts";
import { MemoryVault } from "../../harness/memory_vault.ts";
import { ISSUER, SERVER } from "./rig.ts";

const NEVER = new Promise<never>(() => {});

function made(): { redemptions: Redemptions; clock: FakeClock; said: string[] } {
  const [clock, said] = [new FakeClock(), [] as string[]];
  return { redemptions: new Redemptions(clock, ({ text }) => void said.push(text)), clock, said };
}

test("an end with no redemption on its way is at once, and says nothing", async () => {
  const { redemptions, said } = made();
  await redemptions.run(() => Promise.resolve());
  await redemptions.run(() => Promise.reject(new Error("refused"))).catch(() => {});
  await redemptions.end();
  expect(said).toEqual([]);
});

test("what has not begun at the end does not begin", async () => {
  const { redemptions } = made();
  await redemptions.end();
  const begun: string[] = [];
  const late = redemptions.run(() => Promise.resolve(begun.push("late")));
  expect(await late.catch(({ code }) => code)).toBe("closing");
  expect(begun).toEqual([]);
});

test("an answer that never comes holds the end up for 10 s, which is said after one", async () => {
  const { redemptions, clock, said } = made();
  void redemptions.run(() => NEVER);
  let isOver = false;
  const end = redemptions.end().then(() => isOver = true);
  await clock.pass(9_999);
  expect([isOver, said]).toEqual([false, ["ending once the renewed token is here, in 10 s at most"]]);
  await clock.pass(1);
  await end;
});

test("a token that is renewed ahead, for nobody who waits, is kept before the end (C19)", async () => {
  const { redemptions, clock } = made();
  const [vault, owner] = [new MemoryVault(), { server: SERVER.href, account: "default" }];
  const [records, grant, now] = [new Records(vault, owner), grantOf(SERVER.href, ISSUER), clock.now()];
  const old = { accessToken: "old", refreshToken: "first", tokenType: "Bearer" as const };
  await records.save(grant, { ...old, receivedAt: now - 3_500_000, expiresAt: now + 100_000 });
  const [sent, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const wire: HttpWire = {
    fetch: async (request) => {
      sent.resolve();
      await answer.promise;
      const page = { "access_token": "new", "refresh_token": "second", "token_type": "Bearer" };
      return await new FakeWire({ [`${ISSUER}/token`]: page }).fetch(request);
    },
    forgetConnections: () => {},
  };
  const signIn = (): Promise<never> => NEVER;
  const shared = { owner, vault, wire, clock, notify: () => {}, useIdToken: false, signIn };
  expect(await new TokenSession({ ...shared, redemptions }).current()).toBe("old");
  await sent.promise;
  const end = redemptions.end();
  answer.resolve();
  await end;
  expect((await records.tokens(grant))?.refreshToken).toBe("second");
});
