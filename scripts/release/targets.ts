/** The machines that a release is for. This table is the only list of them. */

/** How an archive is packed. */
export type Packing = "tar.xz" | "zip";

/** One kind of machine. */
export interface Target {
  /** Its name in archives and packages. */
  readonly name: string;
  /** Its name to the compiler. */
  readonly bun: string;
  /** The operating system and processor, as Node.js names them. */
  readonly os: "linux" | "darwin" | "win32";
  readonly cpu: "x64" | "arm64";
  /** The C library, where there is a choice. */
  readonly libc?: "glibc" | "musl";
  /** The runtime's file in the compiler's cache, without the version. */
  readonly runtime: string;
  /** SHA-256 of that file for the version of Bun in package.json. */
  readonly sha256: string;
  readonly archives: readonly Packing[];
  /** Whether npm has a package for it: of two that fit one machine only the wider one is there. */
  readonly hasPackage: boolean;
}

const UNIX = { archives: ["tar.xz"], hasPackage: true } as const;
// Deflate, which is all that winget and the Explorer of older systems unpack, leaves a third more than xz does.
const WINDOWS = { os: "win32", archives: ["zip", "tar.xz"], hasPackage: true } as const;

/** All of them. Bun 1.4.5 has one runtime for both kinds of x64; the names stay apart, since a later one may not. */
export const TARGETS: readonly Target[] = [
  {
    ...UNIX,
    name: "linux-x64",
    bun: "bun-linux-x64",
    os: "linux",
    cpu: "x64",
    libc: "glibc",
    runtime: "bun-linux-x64",
    sha256: "f05d28a3862f4b84395c7fa32480b835dd47482e80b7e7a49a115227f0c06083",
    hasPackage: false,
  },
  {
    ...UNIX,
    name: "linux-x64-baseline",
    bun: "bun-linux-x64-baseline",
    os: "linux",
    cpu: "x64",
    libc: "glibc",
    runtime: "bun-linux-x64-baseline",
    sha256: "f05d28a3862f4b84395c7fa32480b835dd47482e80b7e7a49a115227f0c06083",
  },
  {
    ...UNIX,
    name: "linux-x64-musl",
    bun: "bun-linux-x64-musl",
    os: "linux",
    cpu: "x64",
    libc: "musl",
    runtime: "bun-linux-x64-musl",
    sha256: "cf5d285ddbe256785a5121a3c113191a6b577504976374c7cfd5aedca609b720",
  },
  {
    ...UNIX,
    name: "linux-arm64",
    bun: "bun-linux-arm64",
    os: "linux",
    cpu: "arm64",
    libc: "glibc",
    runtime: "bun-linux-aarch64",
    sha256: "04778f1f42399a69d086853e9c7af4acf574b2f21a43d0dc673853d8b84a2923",
  },
  {
    ...UNIX,
    name: "linux-arm64-musl",
    bun: "bun-linux-arm64-musl",
    os: "linux",
    cpu: "arm64",
    libc: "musl",
    runtime: "bun-linux-aarch64-musl",
    sha256: "9c48986093073afec8b76a3e285303598dd2462f52748aecb65e4d94866e1ea3",
  },
  {
    ...UNIX,
    name: "darwin-x64",
    bun: "bun-darwin-x64",
    os: "darwin",
    cpu: "x64",
    runtime: "bun-darwin-x64",
    sha256: "88f97645b270aef20f9f9442f1658461cab3e7128e658af4615144e3396f084a",
  },
  {
    ...UNIX,
    name: "darwin-arm64",
    bun: "bun-darwin-arm64",
    os: "darwin",
    cpu: "arm64",
    runtime: "bun-darwin-aarch64",
    sha256: "e2984124f1514e1e6bbda20adedbf07a02c443c6a5828853a15c7c7abf78e19f",
  },
  {
    ...WINDOWS,
    name: "windows-x64",
    bun: "bun-windows-x64",
    cpu: "x64",
    runtime: "bun-windows-x64",
    sha256: "e06ad0864463c68892ae71a2a64af7eae1585cac5dd9b80bc042f45605587cb1",
  },
  {
    ...WINDOWS,
    name: "windows-arm64",
    bun: "bun-windows-arm64",
    cpu: "arm64",
    runtime: "bun-windows-aarch64",
    sha256: "8bd7f9210f9d58cc21f398d1478e53b2ff919a0c8fc935b5086f3f64667cec6d",
  },
];

/** The targets that are named, or all where none is. Throws on a name that is none. */
export function targetsNamed(names: readonly string[]): readonly Target[] {
  const known = TARGETS.map(({ name }) => name);
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new Error(`'${stranger}' is no target; there are ${known.join(", ")}`);
  return names.length === 0 ? TARGETS : TARGETS.filter(({ name }) => names.includes(name));
}

/** The name of the executable's file there. */
export function executableName({ os }: Target): string {
  return os === "win32" ? "mcp-bridge.exe" : "mcp-bridge";
}

/** The name of an archive, with its folder inside as the part before the ending. */
export function archiveName(version: string, { name }: Target, packing: Packing): string {
  return `mcp-bridge-${version}-${name}.${packing}`;
}
