/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In small letters. */
  readonly scheme: string;
  /** The credentials-like text that some schemes have in place of parameters. */
  readonly token68?: string;
  /** By name in small letters; of parameters that come twice, the first. */
  readonly params: ReadonlyMap<string, string>;
}

/** A challenge that is being read. */
interface OpenChallenge extends Challenge {
  token68?: string;
  readonly params: Map<string, string>;
}

// Sticky, and without nested repetition: each looks at a character once.
const GAP = /[ \t,]*/y;
const BLANK = /[ \t]*/y;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*/y;
/** Unquoted values hold addresses now and then, which no token may. */
const UNQUOTED = /[^\s,"]+/y;
const NEXT_NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/sy;

/**
 * Reads all challenges of an answer, of one header line or several. What is not written as RFC 9110 has it is passed
 * over up to the next comma. Never throws, and takes time in proportion to the length.
 */
export function parseChallenges(headers: Headers): Challenge[] {
  const header = new HeaderText(headers.get("www-authenticate") ?? "");
  const challenges: OpenChallenge[] = [];
  for (header.take(GAP); !header.isOver; header.take(GAP)) readElement(header, challenges);
  return challenges;
}

/** Reads up to the next comma: a scheme with what follows it, or a further parameter of the last one. */
function readElement(header: HeaderText, challenges: OpenChallenge[]): void {
  const name = header.take(TOKEN);
  if (name === undefined) return header.skipElement();
  const blanks = header.take(BLANK);
  if (header.next === "=") return readParameter(header, name, challenges.at(-1));
  if (blanks === "" && !header.isAtEnd) return header.skipElement();
  const challenge: OpenChallenge = { scheme: name.toLowerCase(), params: new Map() };
  challenges.push(challenge);
  if (!header.isAtEnd) readDetails(header, challenge);
}

/** Reads what stands behind a scheme: its one text, or its first parameter. */
function readDetails(header: HeaderText, challenge: OpenChallenge): void {
  const token68 = header.takeToken68();
  if (token68 !== undefined) return void (challenge.token68 = token68);
  const name = header.take(TOKEN);
  header.take(BLANK);
  if (name === undefined || header.next !== "=") return header.skipElement();
  readParameter(header, name, challenge);
}

/** Reads a parameter from its equals sign on; one without a challenge before it is nobody's. */
function readParameter(header: HeaderText, name: string, challenge: OpenChallenge | undefined): void {
  const value = header.takeValue();
  const key = name.toLowerCase();
  if (value !== undefined && challenge?.params.has(key) === false) challenge.params.set(key, value);
  header.endValue();
}

/** The text of a header, read from its beginning to its end. */
class HeaderText {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether all of it was read. */
  get isOver(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Whether an element ends here. */
  get isAtEnd(): boolean {
    return this.#at === this.#text.length || this.next === ",";
  }

  get next(): string | undefined {
    return this.#text[this.#at];
  }

  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** The text behind a scheme, if it is no parameter; otherwise nothing is taken. */
  takeToken68(): string | undefined {
    const start = this.#at;
    const found = this.take(TOKEN68);
    this.take(BLANK);
    if (found !== undefined && this.isAtEnd) return found;
    this.#at = start;
    return undefined;
  }

  /** The value behind the equals sign that comes next. */
  takeValue(): string | undefined {
    this.#at++;
    this.take(BLANK);
    return this.next === '"' ? this.take(QUOTED)?.slice(1, -1).replace(/\\(.)/gs, "$1") : this.take(UNQUOTED);
  }

  /** A parameter may follow without the comma, as some servers have it. */
  endValue(): void {
    this.take(BLANK);
    NEXT_NAME.lastIndex = this.#at;
    if (!NEXT_NAME.test(this.#text)) this.skipElement();
  }

  /** Passes over all up to the next comma that stands in no quotation. */
  skipElement(): void {
    while (!this.isAtEnd) {
      if (this.next !== '"') this.#at++;
      else if (this.take(QUOTED) === undefined) this.#at = this.#text.length;
    }
  }
}
