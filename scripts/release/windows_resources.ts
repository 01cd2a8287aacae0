/** What Windows shows of a program: its icon, and who made which version of it. */
import type { Product } from "./product.ts";

const ENGLISH = 1033;
const UTF_16 = 1200;

/** The parts of `resedit` that are used. Its own types bring those of browsers with them, which contradict Bun's. */
interface Resedit {
  readonly NtExecutable: { from(data: Uint8Array, options: { ignoreCert: boolean }): Program };
  readonly NtExecutableResource: { from(program: Program): Resources };
  readonly Data: { IconFile: { from(data: Uint8Array): { icons: { data: unknown }[] } } };
  readonly Resource: {
    IconGroupEntry: {
      fromEntries(entries: unknown[]): { id: number; lang: number }[];
      replaceIconsForResource(entries: unknown[], id: number, lang: number, icons: unknown[]): void;
    };
    VersionInfo: { fromEntries(entries: unknown[]): VersionInfo[]; createEmpty(): VersionInfo };
  };
}
interface Program {
  generate(): ArrayBuffer;
}
interface Resources {
  readonly entries: unknown[];
  outputResource(program: Program): void;
}
interface Language {
  readonly lang: number;
  readonly codepage: number;
}
interface VersionInfo {
  getAllLanguagesForStringValues(): Language[];
  removeAllStringValues(language: Language): void;
  setStringValues(language: Language, values: Record<string, string>): void;
  setFileVersion(major: number, minor: number, patch: number, build: number, lang: number): void;
  setProductVersion(major: number, minor: number, patch: number, build: number, lang: number): void;
  outputToResourceEntries(entries: unknown[]): void;
}
const { NtExecutable, NtExecutableResource, Data, Resource }: Resedit = require("resedit");

/**
 * The Windows program `exe` with `icon` (an .ico file) and the product's details in place of the runtime's. The compiler does
 * that on Windows only. It goes into the runtime, before the compiler adds our part, which stands behind all other sections.
 */
export function withResources(exe: Uint8Array, icon: Uint8Array, product: Product): Uint8Array {
  const program = NtExecutable.from(exe, { ignoreCert: true });
  const resources = NtExecutableResource.from(program);
  const { entries } = resources;
  const [group] = Resource.IconGroupEntry.fromEntries(entries);
  const icons = Data.IconFile.from(icon).icons.map(({ data }) => data);
  Resource.IconGroupEntry.replaceIconsForResource(entries, group?.id ?? 1, group?.lang ?? ENGLISH, icons);
  detailsOf(product, entries).outputToResourceEntries(entries);
  resources.outputResource(program);
  return new Uint8Array(program.generate());
}

function detailsOf(product: Product, entries: unknown[]): VersionInfo {
  const info = Resource.VersionInfo.fromEntries(entries)[0] ?? Resource.VersionInfo.createEmpty();
  const numbers = product.version.split(/[.+-]/).map(Number) as [number, number, number];
  for (const language of info.getAllLanguagesForStringValues()) info.removeAllStringValues(language);
  info.setFileVersion(numbers[0], numbers[1], numbers[2], 0, ENGLISH);
  info.setProductVersion(numbers[0], numbers[1], numbers[2], 0, ENGLISH);
  info.setStringValues({ lang: ENGLISH, codepage: UTF_16 }, {
    ProductName: product.name,
    FileDescription: product.description,
    FileVersion: product.version,
    ProductVersion: product.version,
    InternalName: product.name,
    OriginalFilename: `${product.name}.exe`,
    CompanyName: product.name,
    LegalCopyright: `${product.license} licence`,
  });
  return info;
}
