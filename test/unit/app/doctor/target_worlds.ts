import type { Target, World } from "../../../../src/app/doctor/world.ts";
import type { LocalProgram } from "../../../../src/app/far_end.ts";
import { doctorWorld } from "../../../harness/doctor_world.ts";
import { doctorTarget } from "../../../harness/doctor_target.ts";
import { pagesWorld } from "../../../harness/server_world.ts";
import type { FailingWorld } from "./failing_world.ts";

const SERVER = "https://server.invalid/mcp";

/** A port that is taken at these addresses. */
function taken(...addresses: string[]): World["doors"]["tryPort"] {
  return (address) => Promise.resolve(addresses.includes(address) ? "EADDRINUSE" : undefined);
}

function withProgram(program: LocalProgram, which: World["doors"]["which"]): FailingWorld["world"] {
  return (stack) => ({ ...doctorWorld(stack, { doors: { which } }), target: doctorTarget(program) });
}

function withPorts(
  tryPort: World["doors"]["tryPort"],
  signIn: Partial<Target["settings"]["signIn"]>,
): FailingWorld["world"] {
  return async (stack) => {
    const world = await pagesWorld(stack, { [SERVER]: 401 }, { server: SERVER, signIn });
    return { ...world, doors: { ...world.doors, tryPort } };
  };
}

/** Worlds that differ in what this machine has for a server. */
export const TARGET_WORLDS: readonly FailingWorld[] = [
  {
    code: "callback-port",
    fault: "port_taken",
    name: "another program listens at the one that was named",
    world: withPorts(taken("127.0.0.1"), { callbackPort: 3_334 }),
  },
  {
    code: "callback-port",
    fault: "port_taken",
    name: "other programs listen at all that may be tried",
    world: withPorts(taken("127.0.0.1"), {}),
  },
  {
    code: "callback-port",
    fault: "name_shared",
    name: "another program is localhost over IPv6",
    world: withPorts(taken("::1"), { callbackPort: 3_334, callbackHost: "localhost" }),
  },
  {
    code: "program-found",
    fault: "not_found",
    name: "it is not in PATH",
    world: withProgram({ command: "nowhere", args: [], env: {} }, () => undefined),
  },
  {
    code: "program-found",
    fault: "no_folder",
    name: "the folder that it starts in is gone",
    world: withProgram({ command: "node", args: [], env: {}, cwd: "/nowhere" }, (name) => `/usr/bin/${name}`),
  },
];
