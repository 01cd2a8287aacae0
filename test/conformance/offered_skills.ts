/** A skill, as the skills extension has them (SEP-2640). */
import { memorySkillFiles, SkillsExtension } from "@modelcontextprotocol/server/ext/skills";

/** The catalog with that one skill; it serves any number of servers. */
export const SKILLS: SkillsExtension = await SkillsExtension.load(memorySkillFiles({
  "bridge-building/SKILL.md": [
    "---",
    "name: bridge-building",
    "description: Span what lies between a client and a server",
    "---",
    "",
    "Read references/STONES.md first.",
    "",
  ].join("\n"),
  "bridge-building/references/STONES.md": "Large ones go below.\n",
}));
