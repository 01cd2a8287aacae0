import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { faultsBelow, faultsOf, LEVELS } from "../../../scripts/imports.ts";
import { Home } from "../../harness/home.ts";

const RIGHT: [path: string, text: string][] = [
  ["main.ts", 'import { runProgram } from "./cli/program.ts";'],
  ["cli/connect.ts", 'import { connect } from "../app/connect.ts";'],
  ["cli/headers.ts", 'import { BridgeError } from "../platform/errors.ts";'],
  ["bridge/pump.ts", 'import { nextStep } from "./next_step.ts";'],
  ["auth/grants/device.ts", 'import { session } from "../session.ts";'],
  ["auth/grants/device.ts", 'import { Gate } from "../../net/gate.ts";'],
  ["platform/clock.ts", 'import { connect } from "node:net";'],
  ["platform/clock.ts", 'import mri from "mri";\nimport fs from "fs";'],
  ["app/compose.ts", 'import { serve } from "../serve/serve.ts";'],
  ["net/gate.ts", 'const { nodeEngine } = await import("./node_engine.ts");'],
  ["net/gate.ts", ""],
];

const WRONG: [path: string, text: string, faults: string[]][] = [
  ["net/gate.ts", 'import { x } from "../transport/sse.ts";', ["net/gate.ts: imports upwards from 'transport'"]],
  ["platform/clock.ts", "import type { X } from '../net/gate.ts';", ["platform/clock.ts: imports upwards from 'net'"]],
  ["bridge/pump.ts", 'export * from "../app/connect.ts";', ["bridge/pump.ts: imports upwards from 'app'"]],
  ["bridge/pump.ts", 'await import("../cli/print.ts");', ["bridge/pump.ts: imports upwards from 'cli'"]],
  ["bridge/pump.ts", "await import(\n  '../cli/print.ts'\n);", ["bridge/pump.ts: imports upwards from 'cli'"]],
  ["cli/print.ts", 'import "../main.ts";', ["cli/print.ts: imports upwards from 'main.ts'"]],
  [
    "transport/sse.ts",
    'import { x } from "../auth/session.ts";',
    ["transport/sse.ts: imports 'auth', which stands on its own level"],
  ],
  ["net/gate.ts", 'import { x } from "../vault/key.ts";', [
    "net/gate.ts: imports 'vault', which stands on its own level",
  ]],
  ["app/connect.ts", 'import { x } from "../serve/x.ts";', [
    "app/connect.ts: imports 'serve', which stands on its own level",
  ]],
  // The exception is for the composition root alone, and for its own level alone.
  ["app/compose.ts", 'import { x } from "../cli/print.ts";', ["app/compose.ts: imports upwards from 'cli'"]],
  ["app/sub/compose.ts", 'import "../../serve/x.ts";', [
    "app/sub/compose.ts: imports 'serve', which stands on its own level",
  ]],
  ["cli/help.ts", 'import p from "../../package.json";', [
    "cli/help.ts: imports '../../package.json' from outside src/",
  ]],
  ["main.ts", 'import "../scripts/build.ts";', ["main.ts: imports '../scripts/build.ts' from outside src/"]],
  ["utils/text.ts", "", ["utils/text.ts: 'utils' is no room of src/"]],
  ["helpers.ts", "", ["helpers.ts: 'helpers.ts' is no room of src/"]],
  [
    "platform/clock.ts",
    'import { a } from "../net/a.ts";\nimport { b } from "../cli/b.ts";\nimport { c } from "./c.ts";',
    ["platform/clock.ts: imports upwards from 'net'", "platform/clock.ts: imports upwards from 'cli'"],
  ],
];

describe("imports between rooms", () => {
  test.each(RIGHT)("%s may say %j", (path, text) => expect(faultsOf(path, text)).toEqual([]));

  test.each(WRONG)("%s may not say %j", (path, text, faults) => expect(faultsOf(path, text)).toEqual(faults));

  test("an import from a folder that is no room is a fault", () => {
    expect(faultsOf("cli/print.ts", 'import { x } from "../utils/x.ts";')).toHaveLength(1);
  });

  test("each room stands on one level", () => {
    const rooms = LEVELS.flat();
    expect(new Set(rooms).size).toBe(rooms.length);
  });

  test("a whole tree is read, in the order of its paths", async () => {
    using home = new Home();
    const files = {
      "net/b.ts": 'import "../bridge/pump.ts";',
      "net/a.ts": 'import "../cli/print.ts";',
      "app/compose.ts": 'import "../serve/x.ts";',
      "notes.md": "",
    };
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(home.folder, file)), { recursive: true });
      writeFileSync(join(home.folder, file), text);
    }
    expect(await faultsBelow(home.folder)).toEqual([
      "net/a.ts: imports upwards from 'cli'",
      "net/b.ts: imports upwards from 'bridge'",
    ]);
  });

  test("the sources themselves are in order", async () => {
    expect(await faultsBelow(join(import.meta.dir, "..", "..", "..", "src"))).toEqual([]);
  });
});
