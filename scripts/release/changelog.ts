/** What the changelog says of the version that is released: it goes into the notes of the release. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Product } from "./product.ts";

const CHANGELOG = ".github/CHANGELOG.md";

/** What is wrong with the changelog: the version must be there with its day, and something below it. */
export function faultsOfChangelog(root: string, { version }: Product): string[] {
  const { heading, text } = sectionOf(root, version);
  if (heading === undefined) return [`${CHANGELOG} has no part "## ${version}, YYYY-MM-DD"`];
  if (!/^\d{4}-\d{2}-\d{2}$/.test(heading)) return [`${CHANGELOG} has no day beside ${version}, but '${heading}'`];
  return text === "" ? [`${CHANGELOG} says nothing of ${version}`] : [];
}

/** The notes of the release, in Markdown: links of the changelog lead to the files of that version. */
export function releaseNotes(root: string, { version, homepage }: Product): string {
  const { text } = sectionOf(root, version);
  const files = `${homepage}/blob/v${version}/.github/`;
  // Where notes are shown, each line break is one.
  const lines = text.replaceAll(/\n +(?=[^\s*])/g, " ");
  return `${lines.replaceAll(/\]\((?![a-z]+:)/g, `](${files}`)}\n`;
}

/** The part of a version: what stands beside it in the heading, and what stands below. */
function sectionOf(root: string, version: string): { heading?: string; text: string } {
  const parts = readFileSync(join(root, CHANGELOG), "utf8").split(/^## /m).slice(1);
  const part = parts.find((part) => part.startsWith(`${version},`) || part.startsWith(`${version}\n`));
  if (part === undefined) return { text: "" };
  const end = part.indexOf("\n");
  return { heading: part.slice(version.length + 1, end).trim(), text: part.slice(end).trim() };
}
