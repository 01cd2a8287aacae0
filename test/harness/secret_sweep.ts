/** Looks for secrets where none may be: outputs, files, command lines and environments. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where to look. */
export interface Places {
  /** Folders of which every name and every byte below counts. */
  readonly folders?: readonly string[];
  /** Texts by the name that a finding shall have, `stderr` say. */
  readonly outputs?: Readonly<Record<string, { toString(): string }>>;
  /** Processes, each with all that it has started; they are looked at on Linux, and as long as they live. */
  readonly pids?: readonly number[];
}

/** A secret that got out. */
export interface Finding {
  /** Such as `stderr`, `/tmp/x/log.txt`, `name of /tmp/x`, `arguments of 123`. */
  readonly where: string;
  /** The form it had. */
  readonly form: string;
}

const encoder = new TextEncoder();

/** Looks for all `markers`, each a part of a secret that is unlike everything else, in all places. */
export function sweep(markers: readonly string[], places: Places): Finding[] {
  const needles = markers.flatMap(formsOf);
  const findings: Finding[] = [];
  const search = (where: string, bytes: Uint8Array): void => {
    const hay = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const { form, needle } of needles) if (hay.includes(needle)) findings.push({ where, form });
  };
  for (const [name, text] of Object.entries(places.outputs ?? {})) search(name, encoder.encode(String(text)));
  for (const folder of places.folders ?? []) searchFolder(folder, search);
  for (const pid of (places.pids ?? []).flatMap(familyOf)) {
    for (const [what, file] of [["arguments", "cmdline"], ["environment", "environ"]] as const) {
      const bytes = read(`/proc/${pid}/${file}`);
      if (bytes !== undefined) search(`${what} of ${pid}`, bytes);
    }
  }
  return findings;
}

/** The forms in which a marker may slip out. */
function formsOf(marker: string): { form: string; needle: Uint8Array }[] {
  const texts: [form: string, text: string][] = [
    ["plain", marker],
    ["upper case", marker.toUpperCase()],
    ["backwards", [...marker].reverse().join("")],
    ["hex", Buffer.from(marker).toString("hex")],
  ];
  // Of base64 the signs at both ends depend on what stands around; those within are the same in each of three places.
  for (const before of [0, 1, 2]) {
    const text = Buffer.from(`${"x".repeat(before)}${marker}`).toString("base64").replace(/=+$/, "");
    const inner = text.slice(Math.ceil(before * 4 / 3), -2);
    texts.push(["base64", inner], ["base64", inner.replaceAll("+", "-").replaceAll("/", "_")]);
  }
  texts.push(["percent-encoded", encodeURIComponent(marker)]);
  const others = texts.filter(([_form, text], place) => texts.findIndex(([_, other]) => other === text) === place);
  const forms = others.map(([form, text]) => ({ form, needle: Buffer.from(text) }));
  return [...forms, { form: "UTF-16", needle: Buffer.from(marker, "utf16le") }];
}

function searchFolder(folder: string, search: (where: string, bytes: Uint8Array) => void): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    search(`name of ${path}`, encoder.encode(entry.name));
    // A FIFO would wait for ever, and what a link leads to lies elsewhere.
    const bytes = entry.isFile() ? read(path) : undefined;
    if (bytes !== undefined) search(path, bytes);
  }
}

/** A process and what it started, as long as they live. */
function familyOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  const children = threadsIn(tasks).flatMap((thread) =>
    read(join(tasks, thread, "children"))?.toString().split(" ") ?? []
  );
  return [pid, ...children.filter((child) => child !== "").map(Number).flatMap(familyOf)];
}

/** None of a process that has gone meanwhile. */
function threadsIn(tasks: string): string[] {
  try {
    return readdirSync(tasks);
  } catch {
    return [];
  }
}

/** Undefined for what has gone meanwhile, or is not ours to read. */
function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
