import type { Wanted } from "../app/doctor/doctor.ts";
import type { Report } from "../app/doctor/report.ts";
import { systemClock } from "../platform/clock.ts";
import type { Command, Flags, Words } from "./command.ts";
import { CONNECT_FLAGS } from "./connect.ts";
import { noticePrinter, printAnswer } from "./print.ts";
import { readState } from "./state_flags.ts";

const OWN_FLAGS = {
  "json": { type: "boolean", text: "as JSON, with the codes of .github/DOCTOR.md" },
  "fix": { type: "boolean", text: "mend what can be mended safely" },
  "refresh": { type: "boolean", text: "renew the token, to see that it can be" },
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
  summary: "Looks at this machine and at the way to a server, or to all of servers.json, and says what is wrong and " +
    "what cures it. Takes all flags of connect: put the word doctor in front of what a client starts.",
  operands: [
    {
      name: "url",
      text: "the server, such as https://mcp.example.com/mcp, or its name in servers.json",
      optional: true,
    },
    { name: "callback-port", text: "where a sign-in in the browser comes back to", optional: true },
  ],
  program: { name: "command", text: "a server on this machine in place of an address" },
  flags: FLAGS,
  examples: ["mcp-bridge doctor", "mcp-bridge doctor linear", "mcp-bridge doctor https://mcp.example.com/mcp --json"],
  async run(said): Promise<number> {
    const report = await examine(said);
    const { reportText } = await import("./doctor_text.ts");
    await printAnswer(said.flags.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    return report.summary.fail > 0 ? 1 : 0;
  },
};

type Said = Words<typeof FLAGS>;

async function examine(said: Said): Promise<Report> {
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
  return await diagnose(world, find, { fix: flags.fix });
}
