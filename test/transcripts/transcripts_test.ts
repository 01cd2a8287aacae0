import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseTranscript, transcriptText } from "../harness/transcript.ts";
import { play } from "../harness/transcript_session.ts";

const isWindows = process.platform === "win32";

for (const name of readdirSync(import.meta.dir).filter((file) => file.endsWith(".txt")).sort()) {
  const file = join(import.meta.dir, name);
  const text = readFileSync(file, "utf8");
  const transcript = parseTranscript(text);
  test.skipIf(isWindows)(`${name}: ${transcript.promise}`, async () => {
    const played = transcriptText({ ...transcript, items: await play(transcript) });
    if (process.env.TRANSCRIPTS === "write") writeFileSync(file, played);
    else expect(played).toBe(text);
  }, 60_000);
}
