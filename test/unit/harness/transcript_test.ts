import { expect, test } from "bun:test";
import { parseTranscript, transcriptText } from "../../harness/transcript.ts";
import { play } from "../../harness/transcript_session.ts";

const TEXT = `# A promise.

$ cat a/b.txt; echo wrong >&2; exit 3
> here
! wrong
= 3
% printf 'name: '; read name; echo "hello $name"
> name:
< you
> you
> hello you
$ echo $HOME
> $HOME
-- a/b.txt --
here
`;

test("a transcript is read and written as it was", () => {
  const transcript = parseTranscript(TEXT);
  expect(transcript.promise).toBe("A promise.");
  expect(transcriptText(transcript)).toBe(TEXT);
});

test.skipIf(process.platform === "win32")("a session gives what was shown, with and without a terminal", async () => {
  const transcript = parseTranscript(TEXT);
  expect(transcriptText({ ...transcript, items: await play(transcript) })).toBe(TEXT);
});

test.skipIf(process.platform === "win32")("a session that goes another way gives another text", async () => {
  const transcript = parseTranscript(TEXT.replace("> here", "> there").replace("= 3", "= 4"));
  expect(transcriptText({ ...transcript, items: await play(transcript) })).toBe(TEXT);
});

test("a line that makes no sense is told with its number", () => {
  expect(() => parseTranscript("# A promise.\nwhat")).toThrow("Line 2");
});
