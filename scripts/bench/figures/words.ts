import { join } from "node:path";
import { compile } from "../../build.ts";
import { type Figure, interleave } from "../bench.ts";
import { middleRatio } from "../median.ts";
import { executableOf, measureOurs } from "../ours.ts";
import { ownRow } from "../row.ts";

/** What a person types without a server: `--version`, `--help`, a key that completes; beside a program that is empty. */
export const words: Figure = {
  id: "words",
  measure: (bench) =>
    measureOurs(bench, async (ours, folder) => {
      const executable = executableOf(ours);
      const empty = join(folder, "empty");
      compile(join(import.meta.dir, "..", "empty_program.ts"), empty);
      const lanes = [
        { name: "empty", argv: [empty] },
        { name: "version", argv: [executable, "--version"] },
        { name: "help", argv: [executable, "--help"] },
        { name: "completion", argv: [executable, "completion", "--words", "--", "call", ""] },
      ] as const;
      const env = { PATH: process.env["PATH"]!, MCP_BRIDGE_HOME: join(folder, "home") };
      const times = await interleave(bench, lanes, bench.quick ? 15 : 60, ({ argv }) => runOnce(argv, env));
      const ratio = (name: typeof lanes[number]["name"]): number | undefined => middleRatio(times, name, "empty");
      return [
        ownRow("--version, to an empty compiled program", ratio("version"), "at most", 1.5),
        ownRow("--help, to the same", ratio("help"), "at most", 1.5),
        ownRow("a key that completes, to the same", ratio("completion")),
      ];
    }),
};

/** From the start to the end, in ms. */
async function runOnce(argv: readonly string[], env: Record<string, string>): Promise<number> {
  const begin = performance.now();
  const program = Bun.spawn([...argv], { env, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  await Promise.all([program.stdout.text(), program.exited]);
  return performance.now() - begin;
}
