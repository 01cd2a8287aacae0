import { expect } from "bun:test";
import fc from "fast-check";
import { BridgeError } from "../../src/platform/errors.ts";
import { type Content, makeSeal } from "../../src/vault/seal.ts";
import { type Target, target } from "./target.ts";

const seal = makeSeal(new Uint8Array(32).fill(7));
const other = makeSeal(new Uint8Array(32).fill(8));
const content = fc.record({ key: fc.string(), value: fc.jsonValue() });

const change = fc.oneof(
  fc.record({
    kind: fc.constant("flip" as const),
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bit: fc.nat(7),
  }),
  fc.record({ kind: fc.constant("cut" as const), at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }) }),
  fc.record({ kind: fc.constant("grow" as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }) }),
  fc.record({ kind: fc.constant("replace" as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
  fc.record({ kind: fc.constant("move" as const) }),
  fc.record({ kind: fc.constant("table" as const) }),
  fc.record({ kind: fc.constant("key" as const) }),
);
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

/** A row of the vault opens as what was sealed for its place, and whatever else was made of it does not open. */
export const vaultRows: readonly Target[] = [
  target("vault row", fc.tuple(content, change), async ([written, how]) => {
    const ours = await seal;
    const id = ours.rowId("tokens", written.key);
    const sealed = await ours.close("tokens", id, written);
    expect(await ours.open("tokens", id, sealed)).toEqual(JSON.parse(JSON.stringify(written)));
    const opened = await openChanged(sealed, id, how).catch((thrown: unknown) => thrown);
    expect(opened).toBeInstanceOf(BridgeError);
    expect([
      (opened as BridgeError).code,
      (opened as BridgeError).message.includes(written.key) && written.key.length > 3,
    ]).toEqual([
      "vault_damaged",
      false,
    ]);
  }),
];

async function openChanged(sealed: Uint8Array, id: Uint8Array, how: Change): Promise<Content> {
  const ours = await seal;
  if (how.kind === "move") return await ours.open("tokens", ours.rowId("tokens", "elsewhere, not a key"), sealed);
  if (how.kind === "table") return await ours.open("clients", id, sealed);
  if (how.kind === "key") return await (await other).open("tokens", id, sealed);
  return await ours.open("tokens", id, changed(sealed, how));
}

function changed(sealed: Uint8Array, how: Change): Uint8Array {
  const bytes = Uint8Array.from(sealed);
  if (how.kind === "flip") bytes[Math.floor(how.at * bytes.length)]! ^= 1 << how.bit;
  if (how.kind === "cut") return bytes.slice(0, Math.floor(how.at * bytes.length));
  if (how.kind === "grow") return Buffer.concat([bytes, how.bytes]);
  return how.kind === "replace" ? how.bytes : bytes;
}
