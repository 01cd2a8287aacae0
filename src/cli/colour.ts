/** Colours that a terminal has, as the numbers of their escapes. */
const NUMBERS = { red: 31, green: 32, cyan: 36, bold: 1 } as const;

/** Puts a text in a colour, or leaves it as it is. */
export type Paint = (colour: keyof typeof NUMBERS, text: string) => string;

/** How texts are coloured: on a terminal that has colours, unless `NO_COLOR` says no. */
export function paintAt(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  const isColoured = isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  return (colour, text) => isColoured ? `\u001b[${NUMBERS[colour]}m${text}\u001b[0m` : text;
}
