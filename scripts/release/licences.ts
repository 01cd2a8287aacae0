/** The licences of what is in the executable, which goes into each archive. */
import type { Component } from "./components.ts";

const RULE = "-".repeat(80);

/** The text that names all components with their licences; `bun` is the version of the runtime. */
export function thirdPartyLicences(components: readonly Component[], bun: string): string {
  const list = components.map(({ name, version, license }) => `  ${name} ${version} (${license})`);
  const texts = components.map(({ name, version, licenseText }) => `${RULE}\n${name} ${version}\n\n${licenseText}\n`);
  return `mcp-bridge contains the following software.

  Bun ${bun} (MIT), the runtime
${list.join("\n")}

Bun is under the MIT licence; what it is linked with, JavaScriptCore (LGPL-2.0-or-later) among it, is listed with
sources and licences at https://bun.com/docs/project/license. The executable is that runtime, on Windows with another
icon and version, and this program behind it: "bun build --compile" makes it anew of the sources of this version, with
a runtime that has another JavaScriptCore if you like (--compile-executable-path).

${texts.join("\n")}`;
}
