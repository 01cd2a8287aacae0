import { connect, type Figure, interleave } from "../bench.ts";
import { median, middleRatio } from "../median.ts";
import { measureOurs } from "../ours.ts";
import { ownRow } from "../row.ts";
import { callsFor } from "./call.ts";

/** What a call costs whose server speaks another era of the protocol than the client, beside one that needs no words. */
export const translation: Figure = {
  id: "translation",
  measure: (bench) =>
    measureOurs(bench, async (ours) => {
      const { http, modern } = bench.farEnd.places;
      const lanes = [
        { name: "plain", lane: await connect(bench, ours, http) },
        { name: "translated", lane: await connect(bench, ours, modern) },
      ] as const;
      const slot = bench.quick ? 300 : 700;
      const times = await interleave(bench, lanes, bench.quick ? 5 : 9, async ({ lane }) => {
        return median(await callsFor(lane, "echo", slot));
      }, 2);
      const ratio = middleRatio(times, "translated", "plain");
      return [ownRow("p50 of a translated call, to an untranslated one", ratio, "at most", 1.25)];
    }),
};
