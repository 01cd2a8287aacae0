/** Debian's nginx, as the front of a server: TLS with HTTP/2 on offer, and a cookie that keeps a client at its backend. */
import { join } from "node:path";
import type { Certificate } from "./certificates.ts";
import { Daemon } from "./daemon.ts";

/** What stands behind it. */
export interface NginxOptions {
  readonly certificate: Certificate;
  /** The ports of the backends; who brings no cookie gets the next in turn. */
  readonly backends: readonly number[];
  /** Whether it gathers what a backend says before it hands it on. */
  readonly buffering: boolean;
}

/** The front. Disposing it ends it. */
export class Nginx implements AsyncDisposable {
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /** Starts it on a port of its own. */
  static async start({ certificate, backends, buffering }: NginxOptions): Promise<Nginx> {
    return new Nginx(
      await Daemon.start({
        program: "nginx",
        files: (folder, port) => ({
          "nginx.conf": `
daemon off;
master_process off;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream any { ${backends.map((backend) => `server 127.0.0.1:${backend};`).join(" ")} }
  map $cookie_route $backend { ~^[0-9.:]+$ $cookie_route; default any; }
  gzip on;
  gzip_types application/json;
  gzip_min_length 1;
  gzip_proxied any;
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate ${certificate.cert};
    ssl_certificate_key ${certificate.key};
    location / {
      proxy_pass http://$backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host localhost;
      proxy_buffering ${buffering ? "on" : "off"};
      proxy_read_timeout 60s;
      add_header Set-Cookie "route=$upstream_addr; Path=/; Secure; HttpOnly" always;
    }
  }
}
`,
        }),
        args: (folder) => ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")],
      }),
    );
  }

  /** The address of the MCP endpoint. */
  get url(): string {
    return `https://127.0.0.1:${this.#daemon.port}/mcp`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
  }
}
