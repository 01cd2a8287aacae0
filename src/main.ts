import { reportCrash, runProgram } from "./cli/program.ts";

// A defect of ours ends the process with one line; the runtime's own report would show values.
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (thrown: unknown) => {
    reportCrash(thrown);
    process.exit(1);
  });
}

process.exit(await runProgram(process.argv.slice(2)));
