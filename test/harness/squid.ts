/** Debian's squid, as the proxy of an organisation. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "./daemon.ts";

/** A name that only the proxies of the tests know: it stands for 127.0.0.1. */
export const FAR_NAME = "mcp.bridge.test";

/** A user and a password, without spaces, quotes and percent signs. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/** The proxy. Disposing it ends it. */
export class Squid implements AsyncDisposable {
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /**
   * Starts it on a port of its own, for everybody or for who brings `login`. It knows no names but `FAR_NAME` and those
   * of this machine, and lets nobody through to port 1.
   */
  static async start(login?: Login): Promise<Squid> {
    return new Squid(
      await Daemon.start({
        program: "squid",
        files: (folder, port) => ({
          "hosts": `127.0.0.1 ${FAR_NAME}\n`,
          "judge": `#!/bin/sh
while read -r line; do [ "$line" = '${login?.user} ${login?.password}' ] && echo OK || echo ERR; done
`,
          "squid.conf": [
            `http_port 127.0.0.1:${port}`,
            `hosts_file ${folder}/hosts`,
            ...(login !== undefined
              ? [
                `auth_param basic program ${folder}/judge`,
                "auth_param basic children 1",
                "acl known proxy_auth REQUIRED",
              ]
              : ["acl known src all"]),
            "acl closed port 1",
            "http_access deny closed",
            "http_access allow known",
            "http_access deny all",
            `access_log stdio:${folder}/access.log`,
            "cache_log /dev/null",
            "logfile_rotate 0",
            "cache deny all",
            "cache_mem 1 MB",
            "pid_filename none",
            "pinger_enable off",
            "netdb_filename none",
            "dns_nameservers 127.0.0.1",
            "max_filedescriptors 1024",
            "visible_hostname squid.bridge.test",
            `coredump_dir ${folder}`,
            "",
          ].join("\n"),
        }),
        args: (folder) => ["-N", "-f", join(folder, "squid.conf")],
      }),
    );
  }

  /** Its host and port. */
  get address(): string {
    return `127.0.0.1:${this.#daemon.port}`;
  }

  /** What it was asked for: `METHOD address` for each exchange that has ended. */
  asked(): string[] {
    const log = readFileSync(join(this.#daemon.folder, "access.log"), "utf8");
    return log.split("\n").filter((line) => line !== "").map((line) => line.trim().split(/\s+/).slice(5, 7).join(" "));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
  }
}
