import { type Bench, connect, type Figure, interleave } from "../bench.ts";
import { median } from "../median.ts";
import type { Row } from "../row.ts";
import { callsFor } from "./call.ts";

/** What a call costs whose server speaks another era of the protocol than the client, beside one that needs no words. */
export const translation: Figure = {
  id: "translation",
  async measure(bench: Bench): Promise<Row[]> {
    const ours = bench.contestants.find(({ name }) => name === "mcp-bridge");
    if (ours === undefined) return [];
    const { http, modern } = bench.farEnd.places;
    const lanes = [
      { name: "plain", lane: await connect(bench, ours, http) },
      { name: "translated", lane: await connect(bench, ours, modern) },
    ] as const;
    const slot = bench.quick ? 300 : 700;
    const samples = await interleave(bench, lanes, bench.quick ? 5 : 9, async ({ lane }) => {
      return median(await callsFor(lane, "echo", slot));
    }, 2);
    const [plain, translated] = lanes.map(({ name }) => median(samples.get(name) ?? []));
    return [{
      title: "p50 of a translated call, to an untranslated one",
      cells: { "mcp-bridge": { value: translated! / plain! } },
      targets: [{ bound: "at most", value: 1.25 }],
    }];
  },
};
