/** Certificates made on the fly by openssl, signed by an authority of the test's own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, by file. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A folder of certificates. Disposing it removes them. */
export class Certificates implements Disposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "mcp-bridge-tls-"));
  /** The authority that signs. */
  readonly authority: Certificate;

  /** Makes the authority, by a name of its own. */
  constructor(name = "test authority") {
    this.authority = this.#files("ca");
    const { cert, key } = this.authority;
    this.#openssl("req", "-x509", ...KEY, "-keyout", key, "-out", cert, "-subj", `/CN=${name}`, "-days", "2");
  }

  /** A certificate of the authority for the subject alternative names, `DNS:localhost` or `IP:127.0.0.1` say. */
  sign(name: string, alternatives: string, days = 2): Certificate {
    const files = this.#files(name);
    const request = join(this.#folder, `${name}.csr`);
    const extension = join(this.#folder, `${name}.ext`);
    writeFileSync(extension, `subjectAltName=${alternatives}`);
    this.#openssl("req", ...KEY, "-keyout", files.key, "-out", request, "-subj", `/CN=${name}`);
    const by = ["-CA", this.authority.cert, "-CAkey", this.authority.key, "-CAcreateserial"];
    this.#openssl("x509", "-req", "-in", request, ...by, "-out", files.cert, "-days", `${days}`, "-extfile", extension);
    return files;
  }

  /** A certificate that signs itself. */
  selfSigned(name: string): Certificate {
    const files = this.#files(name);
    const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost"];
    this.#openssl("req", "-x509", ...KEY, "-keyout", files.key, "-out", files.cert, ...subject, "-days", "2");
    return files;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  #files(name: string): Certificate {
    return { cert: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}.key`) };
  }

  #openssl(...args: string[]): void {
    const run = Bun.spawnSync(["openssl", ...args], { stderr: "pipe" });
    if (!run.success) throw new Error(`openssl ${args[0]}: ${run.stderr}`);
  }
}
