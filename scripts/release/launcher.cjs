#!/usr/bin/env node
"use strict";
// Starts the executable that npm installed for this machine, and passes on how it ends.
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const isMusl = process.platform === "linux" && !process.report.getReport().header.glibcVersionRuntime;
const machine = `${process.platform}-${process.arch}${isMusl ? "-musl" : ""}`;

let executable;
try {
  const file = process.platform === "win32" ? "mcp-bridge.exe" : "mcp-bridge";
  executable = require.resolve(`@mcp-bridge/${machine}/bin/${file}`);
} catch {
  console.error(`mcp-bridge: error: the package "@mcp-bridge/${machine}" is not installed`);
  console.error('mcp-bridge: hint: install "mcp-bridge" again without "--omit=optional", or take a download');
  process.exit(1);
}

const child = spawn(executable, process.argv.slice(2), { stdio: "inherit", windowsHide: true });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`mcp-bridge: error: cannot start the executable: ${error.code}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
