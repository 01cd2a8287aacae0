/** The far end of the bench as a program of this machine: lines on its standard input and output. */
import { answerTo, type Call } from "./tools.ts";

const decoder = new TextDecoder();
const out = Bun.stdout.writer();
let rest = "";
for await (const chunk of Bun.stdin.stream()) {
  const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
  rest = lines.pop()!;
  let answers = "";
  for (const line of lines) {
    const call: Call = JSON.parse(line);
    if (call.id !== undefined) answers += `${answerTo(call)}\n`;
  }
  if (answers === "") continue;
  out.write(answers);
  out.flush();
}
process.exit(0);
