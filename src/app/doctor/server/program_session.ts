import { ChannelFailure } from "../../../transport/channel.ts";
import { type Check, fault, faultOf, type Finding } from "../check.ts";
import type { World } from "../world.ts";
import { HandshakeRefused, shakeHands } from "./handshake.ts";
import { openedSession } from "./opened_session.ts";
import { refusedHandshake } from "./session.ts";
import { wireOf } from "./bare_answer.ts";

const LOOK = "start the command in a terminal, and see what it says";

const explains = {
  bad_command: {
    result: "fail",
    cause: "the program does not start, or ends before it has said anything",
    cure: LOOK,
  },
  refused: { result: "fail", cause: "the server refuses the handshake", cure: "see the documentation of the server" },
  bad_answer: {
    result: "fail",
    cause: "what the program writes to its standard output is no MCP",
    cure: "its standard output is for messages alone; what it says to people belongs on standard error",
  },
  too_large: {
    result: "fail",
    cause: "the program's answer to the handshake is too large",
    cure: "see the documentation of the server",
  },
  no_revision: {
    result: "fail",
    cause: "the program's answer to the handshake names no revision of MCP, and clients end the session there",
    cure: "see the documentation of the server",
  },
  unknown_revision: {
    result: "warn",
    cause:
      "the program answers the handshake with a revision of MCP that is not known: clients may end the session there",
    cure: "update mcp-bridge and the client, or the server",
  },
  timed_out: { result: "fail", cause: "the program runs and does not answer the handshake", cure: LOOK },
} as const;

/** Whether the program of a local server starts and speaks MCP. */
export const programSession: Check = {
  code: "program-session",
  title: "session",
  after: ["server-settings", "program-found"],
  explains,
  async run(world: World): Promise<Finding> {
    try {
      return openedSession(explains, await shakeHands(world, await wireOf(world)), world);
    } catch (thrown) {
      if (thrown instanceof HandshakeRefused) return refusedHandshake(explains, thrown, world);
      if (thrown instanceof ChannelFailure && thrown.code === "too_large") return fault(explains, "too_large");
      return faultOf(explains, thrown);
    }
  },
};
