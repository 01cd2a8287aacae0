import { expect, test } from "bun:test";
import { systemDoors } from "../../../../src/app/doctor/doors.ts";
import { FakeKeychain } from "../../../harness/fake_keychain.ts";

test("many who look at one port at once do not find each other there", async () => {
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data(): void {} } });
  const { tryPort } = systemDoors(new FakeKeychain(), {});
  const look = (port: number): Promise<(string | undefined)[]> =>
    Promise.all(Array.from({ length: 8 }, () => tryPort("127.0.0.1", port)));
  const { port } = taken;
  expect(new Set(await look(port))).toEqual(new Set(["EADDRINUSE"]));
  taken.stop(true);
  expect(new Set(await look(port))).toEqual(new Set([undefined]));
});
