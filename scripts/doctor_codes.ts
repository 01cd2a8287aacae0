/** Writes what `mcp-bridge doctor` can say, for people: `bun scripts/doctor_codes.ts`. A test says when it is due. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Check, type Explanations, GENERAL_FAULTS } from "../src/app/doctor/check.ts";
import { MACHINE_CHECKS } from "../src/app/doctor/machine_checks.ts";
import { PROGRAM_CHECKS } from "../src/app/doctor/program_checks.ts";
import { SERVER_CHECKS } from "../src/app/doctor/server_checks.ts";

/** Where it lies. */
export const CODES_FILE: string = join(import.meta.dir, "..", ".github", "DOCTOR.md");

const BEGIN = `# What \`mcp-bridge doctor\` looks at

\`mcp-bridge doctor\` looks at this machine and at each server of \`servers.json\`; with a name or an address it looks at
that server closely. It works without a network and without any other process of ours. It changes nothing, but that
\`servers.json\` and the vault's folder are closed to other users, as by each use: what it writes for a test it takes away
again. Its exit code is 0, 1 where something is broken, and 2 for words that make no sense.

Each check has a **code**, and each way in which it can fail has a name; the report says both, as in
\`vault-opens/vault_locked\`, and so does \`--json\` (\`code\`, \`fault\`). They stay the same, while sentences may change. A
\`fail\` is broken; a \`warn\` works for now, and does not count for the exit code. A check that would mean nothing, since one
that it comes after has failed, is left out.

| flag | what it does |
|---|---|
| \`--json\` | the whole report, with what was found in detail |
| \`--fix\` | mends what can be mended safely, below as **fix**, and looks again |
| \`--refresh\` | renews the token of the server, to see that it can be |
| \`--bundle FILE\` | a report for others to read, in a new file that only you can read: no secret is in it, your home is \`~\`, and keys in addresses are taken out |
| \`--mask-hosts\` | in that report the names of hosts are \`host-1\`, \`host-2\` and so on |

This page is made of the checks by \`bun scripts/doctor_codes.ts\`.
`;

const PARTS: readonly [heading: string, checks: readonly Check[]][] = [
  ["This machine", MACHINE_CHECKS],
  ["A server with an address", SERVER_CHECKS],
  ["A server that is a program", PROGRAM_CHECKS],
];

/** Every check. */
export const CHECKS: readonly Check[] = [...new Set(PARTS.flatMap(([, checks]) => checks))];

/** All codes as text. */
export function codesText(): string {
  return [
    BEGIN.trimEnd(),
    ["## Any check", tableText(GENERAL_FAULTS)].join("\n\n"),
    ...PARTS.map(([heading, checks]) => [`## ${heading}`, ...checks.map(checkText)].join("\n\n")),
  ]
    .join("\n\n") + "\n";
}

function checkText({ code, title, after, explains, fix }: Check): string {
  const comes = after.length === 0 ? "" : ` Comes after ${after.map((earlier) => `\`${earlier}\``).join(", ")}.`;
  const mends = fix === undefined ? "" : " **fix**";
  const table = Object.keys(explains).length === 0 ? [] : [tableText(explains)];
  return [`### \`${code}\``, `${sentence(title)}.${comes}${mends}`, ...table].join("\n\n");
}

function tableText(explains: Explanations): string {
  const rows = Object.entries(explains).map(([name, { result, cause, cure }]) =>
    `| \`${name}\` | ${result} | ${cell(cause)} | ${cell(cure)} |`
  );
  return ["| name | result | cause | cure |", "|---|---|---|---|", ...rows].join("\n");
}

/** Names of files and of commands stay as they are. */
function sentence(text: string): string {
  return /[."]/.test(text) ? text : `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("*", "\\*");
}

if (import.meta.main) writeFileSync(CODES_FILE, codesText());
