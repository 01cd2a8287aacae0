import type { Report } from "../app/doctor/report.ts";

/** What `doctor` has found, as text for a terminal. */
export function reportText({ checks, servers, summary }: Report): string {
  const rows = [...checks, ...servers.map((server) => ({ ...server, title: server.name }))];
  const column = Math.max(...rows.map(({ title }) => title.length)) + 2;
  const lines = rows.flatMap(({ result, title, text, cure }) => [
    `${result.padEnd(6)}${title.padEnd(column)}${text}`,
    ...(cure === undefined ? [] : [`${" ".repeat(6)}${"cure".padEnd(column)}${cure}`]),
  ]);
  return `${[...lines, "", `${summary.fail} failed, ${summary.warn} warnings, ${summary.ok} fine`].join("\n")}\n`;
}
