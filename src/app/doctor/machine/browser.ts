import { openers } from "../../../platform/browser.ts";
import { headlessReason } from "../../../platform/desktop.ts";
import { type Check, fault, type Finding, ok } from "../check.ts";
import type { World } from "../world.ts";

const ELSEWHERE =
  'run "mcp-bridge login SERVER" and open the address that it prints on a machine with a browser, or use ' +
  '"--device-code"';

const explains = {
  bad_variable: {
    result: "fail",
    cause: "BROWSER names a program that is not there",
    cure: "set BROWSER to a program that opens pages, or unset it",
  },
  ssh: {
    result: "warn",
    cause: "this is a session over SSH: a browser that is opened here is seen by nobody",
    cure: ELSEWHERE,
  },
  no_display: {
    result: "warn",
    cause: "there is no screen: no browser can be opened from here",
    cure: ELSEWHERE,
  },
  no_opener: {
    result: "warn",
    cause: "there is no program that opens pages in the browser",
    cure:
      `install xdg-utils (on WSL: let it start programs of Windows), or set BROWSER to a program that opens pages; else ${ELSEWHERE}`,
  },
} as const;

const ADDRESS = "https://server.invalid/";

/** Whether a page of a sign-in would open, and be seen. */
export const browser: Check = {
  code: "browser",
  title: "browser",
  after: [],
  explains,
  run(world): Promise<Finding> {
    return Promise.resolve(judge(world));
  },
};

function judge(world: World): Finding {
  const { platform, env, doors } = world;
  const surroundings = { platform, env };
  const programs = openers(ADDRESS, surroundings).map(([program]) => program!);
  const found = programs.find((program) => doors.which(program, env["PATH"]) !== undefined);
  const details = { programs };
  if (env["BROWSER"]) {
    if (found !== undefined) return ok(`${JSON.stringify(found)} opens pages (BROWSER)`, details);
    const text = `BROWSER names ${JSON.stringify(programs[0])}, which is not there`;
    return fault(explains, "bad_variable", { text, details });
  }
  const reason = headlessReason(surroundings);
  if (reason !== undefined) return fault(explains, reason, { details });
  if (found === undefined) {
    const text = `there is no ${programs.join(" and no ")} to open pages with`;
    return fault(explains, "no_opener", { text, details });
  }
  return ok(`${found} opens pages`, details);
}
