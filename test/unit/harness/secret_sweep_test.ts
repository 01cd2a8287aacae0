import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Home } from "../../harness/home.ts";
import { sweep } from "../../harness/secret_sweep.ts";
import { TokenFamilies } from "../../harness/token_families.ts";

const { marker, secrets } = new TokenFamilies();
const TOKEN = `access-${marker}-tail`;

let home: Home;
beforeEach(() => {
  home = new Home();
});
afterEach(() => home[Symbol.dispose]());

describe("the sweep", () => {
  test("finds nothing where nothing is", () => {
    writeFileSync(join(home.folder, "log.txt"), "marked");
    expect(sweep([marker], { folders: [home.folder, join(home.folder, "no")], outputs: { stderr: "" } })).toEqual([]);
    expect(secrets).toEqual([]);
  });

  const FORMS: [form: string, text: string][] = [
    ["plain", TOKEN],
    ["upper case", TOKEN.toUpperCase()],
    ["backwards", [...TOKEN].reverse().join("")],
    ["hex", Buffer.from(TOKEN).toString("hex")],
    ...["", "a", "ab"].map((before): [string, string] => ["base64", btoa(`${before}${TOKEN}`)]),
    ["base64", Buffer.from(`{"token":"${TOKEN}"}`).toString("base64url")],
  ];
  test.each(FORMS)("finds a token: %s, %s", (form, text) => {
    expect(sweep([marker], { outputs: { stderr: `x ${text} y` } })).toEqual([{ where: "stderr", form }]);
  });

  test("finds what is in a file, among bytes, or in a name", () => {
    mkdirSync(join(home.folder, "a", "b"), { recursive: true });
    const file = join(home.folder, "a", "b", "vault");
    writeFileSync(file, Buffer.concat([Buffer.from([0, 255, 254]), Buffer.from(TOKEN), Buffer.from([0])]));
    const wide = join(home.folder, "a", "wide");
    writeFileSync(wide, Buffer.from(TOKEN, "utf16le"));
    const named = join(home.folder, `${marker}.json`);
    writeFileSync(named, "");
    symlinkSync(file, join(home.folder, "link"));
    const findings = sweep([marker], { folders: [home.folder] });
    expect(findings.toSorted((a, b) => a.where.localeCompare(b.where))).toEqual([
      { where: file, form: "plain" },
      { where: wide, form: "UTF-16" },
      { where: `name of ${named}`, form: "plain" },
    ].toSorted((a, b) => a.where.localeCompare(b.where)));
  });

  test.skipIf(process.platform !== "linux")(
    "finds what stands in the words of a process, or of what it started",
    async () => {
      const script = "sh -c 'sleep 60 & echo ready; wait'; true";
      const child = Bun.spawn(["sh", "-c", script, TOKEN], { env: { PATH: process.env.PATH!, TOKEN }, stdout: "pipe" });
      await child.stdout.getReader().read();
      const look = (): string[] => sweep([marker], { pids: [child.pid] }).map(({ where }) => where);
      const environmentsIn = (places: string[]): string[] =>
        places.filter((where) => where.startsWith("environment of"));
      // A process that is just becoming another program has no environment for a moment.
      while (environmentsIn(look()).length < 3) await Bun.sleep(10);
      expect(look()).toContain(`arguments of ${child.pid}`);
      const environments = environmentsIn(look());
      expect(environments).toHaveLength(3);
      for (const where of environments) process.kill(Number(where.split(" ").at(-1)), "SIGKILL");
      await child.exited;
      expect(sweep([marker], { pids: [child.pid] })).toEqual([]);
    },
  );
});
