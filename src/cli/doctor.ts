import type { Wanted } from "../app/doctor/doctor.ts";
import type { Report } from "../app/doctor/report.ts";
import { systemClock } from "../platform/clock.ts";
import { BridgeError } from "../platform/errors.ts";
import type { Command, Flags, Words } from "./command.ts";
import { CONNECT_FLAGS } from "./connect.ts";
import { noticePrinter, printAnswer } from "./print.ts";
import { safeJson } from "./safe_text.ts";
import { readState } from "./state_flags.ts";
import { type Waiting, whileWaiting } from "./waiting.ts";

const OWN_FLAGS = {
  "json": { type: "boolean", text: "as JSON, with codes that stay the same" },
  "fix": { type: "boolean", text: "mend what can be mended safely" },
  "refresh": { type: "boolean", text: "renew the token of the server, to see that it can be" },
  "bundle": {
    type: "string",
    value: "FILE",
    text: "write a report for others to read into a new file: without secrets, your home as ~",
  },
  "mask-hosts": { type: "boolean", text: "leave the names of hosts out of that report, too" },
} as const satisfies Flags;

const FLAGS = { ...OWN_FLAGS, ...hidden(CONNECT_FLAGS) };

/** Flags of another command, which this one understands and its help leaves out. */
function hidden<Table extends Flags>(table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([name, flag]) => [name, { ...flag, isHidden: true }])) as
    & Flags
    & Table;
}

/** `mcp-bridge doctor`: every step of the way, checked and explained. */
export const doctorCommand: Command<typeof FLAGS> = {
  name: "doctor",
  summary:
    "Looks at this machine and the way to its servers, and says what is wrong and what cures it. Takes every flag " +
    "of connect.",
  operands: [
    {
      name: "url",
      text: "the server, such as https://mcp.example.com/mcp, or its name in servers.json",
      optional: true,
      choices: "servers",
    },
    { name: "callback-port", text: "where a sign-in in the browser comes back to", optional: true },
  ],
  program: { name: "command", text: "a server on this machine in place of an address" },
  flags: FLAGS,
  examples: [
    "mcp-bridge doctor",
    "mcp-bridge doctor linear --fix",
    "mcp-bridge doctor https://mcp.example.com/mcp --json",
    "mcp-bridge doctor --bundle report.json --mask-hosts",
  ],
  async run(said): Promise<number> {
    const { bundle, json } = said.flags;
    if (said.flags["mask-hosts"] && bundle === undefined) {
      throw new BridgeError("bad_argument", '"--mask-hosts" is for a report to others', {
        hint: 'add "--bundle FILE"',
      });
    }
    const bundles = await import("./doctor_bundle.ts");
    if (bundle !== undefined) await bundles.ensureNew(bundle);
    const report = await whileWaiting("looking at this machine", (waiting) => examine(said, waiting));
    await printAnswer(json ? `${safeJson(JSON.stringify(report, null, 2))}\n` : await asText(report));
    if (bundle !== undefined) await bundles.writeBundle(bundle, report, said.flags["mask-hosts"]);
    return report.summary.fail > 0 ? 1 : 0;
  },
};

type Said = Words<typeof FLAGS>;

async function examine(said: Said, waiting: Waiting): Promise<Report> {
  const { operands: [word], program, flags } = said;
  const notify = noticePrinter(flags.debug ? "debug" : "silent");
  const [{ diagnose }, { systemWorld }, { readRegistered, readTarget }] = await Promise.all([
    import("../app/doctor/doctor.ts"),
    import("../app/doctor/system_world.ts"),
    import("./doctor_target.ts"),
  ]);
  const isNamed = word !== undefined || program.length > 0;
  const find = async (): Promise<Wanted> => ({
    target: isNamed ? await readTarget(said, notify) : undefined,
    registered: isNamed ? [] : await readRegistered(said, notify),
  });
  const state = readState(flags, process.env);
  const world = systemWorld({ state, refresh: flags.refresh, clock: systemClock, notify });
  return await diagnose(world, find, { fix: flags.fix, ...progressOn(waiting) });
}

/** Says which checks are under way. */
function progressOn(waiting: Waiting): { onstart(check: { title: string }): void; onend(of: { title: string }): void } {
  const running = new Map<string, number>();
  const change = (title: string, by: number): void => {
    const count = (running.get(title) ?? 0) + by;
    if (count > 0) running.set(title, count);
    else running.delete(title);
    if (running.size > 0) waiting.say(`looking at: ${[...running.keys()].join(", ")}`);
  };
  return { onstart: ({ title }) => change(title, 1), onend: ({ title }) => change(title, -1) };
}

async function asText(report: Report): Promise<string> {
  const [{ reportText }, { coloursOf, isTerminal }] = await Promise.all([
    import("./doctor_text.ts"),
    import("./colour.ts"),
  ]);
  const width = await isTerminal("stdout") ? process.stdout.columns : undefined;
  return reportText(report, { colours: await coloursOf("stdout"), width });
}
