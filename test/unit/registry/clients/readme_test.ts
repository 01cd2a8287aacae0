/** What the README tells people to paste into a client's file: the same as `install` writes there. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENTS } from "../../../../src/registry/clients/table.ts";
import type { Client, UserEnvironment } from "../../../../src/registry/clients/client.ts";
import { ROOT } from "../../../../scripts/release/product.ts";

const PROGRAM = { command: "/path/to/mcp-bridge", args: ["https://mcp.example.com/mcp"], env: {} };
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const ROWS = new Map([...README.matchAll(/^\| ([^|]+) \| ([^|]*`[^|]+) \| `([^|]+)` \|$/gm)].map(
  ([, name, files, text]) => [name!, { files: files!, text: text!.replaceAll("`<br>`", "\n") }],
));

const SYSTEMS: readonly UserEnvironment[] = [
  { platform: "linux", home: "/home/you", env: {} },
  { platform: "darwin", home: "/Users/you", env: {} },
  { platform: "win32", home: "C:\\Users\\you", env: { APPDATA: "C:\\Users\\you\\AppData\\Roaming" } },
];

/** The file that is made where there is none, as the README writes it, on each system. */
function filesOf({ places }: Client): string[] {
  return SYSTEMS.map((user) => {
    const file = places(user).files.at(-1)!.replace(user.env["APPDATA"] ?? "-", "%APPDATA%").replace(user.home, "~");
    return file.startsWith("~") ? file.replaceAll("\\", "/") : file;
  });
}

/** Whether `files` names the file, whole or as "`name` in `folder`, ...". */
function names(files: string, file: string): boolean {
  const [, folder, name] = /^(.*)[/\\](.*)$/.exec(file)!;
  return files === `\`${file}\`` || (files.startsWith(`\`${name}\` in `) && files.includes(`\`${folder}\``));
}

test.each([...CLIENTS])("the README has what to paste for $name, and where", (client) => {
  const { files, text } = ROWS.get(client.name)!;
  const entry = client.path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), {
    example: client.write(PROGRAM),
  });
  expect(client.format === "json" ? JSON.parse(text) : Bun.TOML.parse(text)).toEqual(entry);
  for (const file of filesOf(client)) expect([file, names(files, file)]).toEqual([file, true]);
});
