import { BUILD, VERSION } from "../../../platform/version.ts";
import { type Check, type Finding, ok } from "../check.ts";

/** Which build runs; for reports. */
export const version: Check = {
  code: "version",
  title: "version and build",
  after: [],
  explains: {},
  run({ platform, executable }): Promise<Finding> {
    const details = { version: VERSION, build: BUILD, bun: Bun.version, platform, arch: process.arch, executable };
    return Promise.resolve(ok(`mcp-bridge ${VERSION} on Bun ${Bun.version}, ${platform} ${process.arch}`, details));
  },
};
