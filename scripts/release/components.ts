/** The packages of others whose code is in the executable, as the compiler says, and not as package.json wishes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./product.ts";

/** A package that is part of the executable. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** The text of its licence. */
  readonly licenseText: string;
  readonly homepage?: string;
}

/** The part of the compiler's metafile that is read here. */
export interface Metafile {
  readonly inputs: Readonly<Record<string, unknown>>;
}

const PACKAGE = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/** The packages of a build, by name. Throws on one that has no licence, or none in words. */
export function componentsOf({ inputs }: Metafile, root: string = ROOT): Component[] {
  const folders = new Set(Object.keys(inputs).flatMap((path) => PACKAGE.exec(path.replaceAll("\\", "/")) ?? []));
  return [...folders].map((folder) => readComponent(join(root, folder)))
    .sort((one, other) => nameOf(one) < nameOf(other) ? -1 : 1);
}

/** Of some packages there are two versions. */
function nameOf({ name, version }: Component): string {
  return `${name}@${version}`;
}

function readComponent(folder: string): Component {
  const { name, version, license, homepage } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof license !== "string") throw new Error(`the package ${name} has no licence`);
  const file = readdirSync(folder).find((file) => /^licen[cs]e(\.|$)/i.test(file));
  if (file === undefined) throw new Error(`the package ${name} does not bring the text of its licence`);
  const licenseText = readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim();
  return { name, version, license, licenseText, ...(typeof homepage === "string" ? { homepage } : {}) };
}
