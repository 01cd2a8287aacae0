/**
 * The signature that macOS wants of every program: a digest of each page of the file, signed by nobody ("ad hoc"). The
 * compiler writes one for arm64; for x64 it leaves that of the bare runtime, which no longer fits, so that macOS kills the
 * program. One that names somebody takes its place where there is a certificate.
 */
import { createHash } from "node:crypto";

/** Our name in signatures, whoever signs. */
export const MACOS_IDENTIFIER = "io.github.mcp-bridge";

const SEGMENT_64 = 0x19;
const CODE_SIGNATURE = 0x1d;
const EMBEDDED_SIGNATURE = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
/** Of the version of the directory that has the part of the file that is run. */
const VERSION = 0x20400;
/** Ad hoc, and by who linked it: `codesign` replaces such a one without being forced. */
const FLAGS = 0x20002;
const SHA_256 = { number: 2, bytes: 32 };
const PAGE_BITS = 12;
const PAGE = 1 << PAGE_BITS;
/** Where the digests begin in a directory without a name, in bytes, and the directory in a signature of one part. */
const DIRECTORY_HEAD = 88;
const SIGNATURE_HEAD = 20;

/** Where things stand in a program, in bytes from its beginning. */
interface Places {
  /** The command that says where the signature is, and those of the segments with code and with the signature. */
  readonly command: number;
  readonly text: number;
  readonly linkEdit: number;
  /** The signature itself. */
  readonly signature: number;
}

/** Reads the commands at the head of a program of 64 bits. Throws on one without a place for a signature. */
function placesIn(program: Buffer): Places {
  const found = new Map<string, number>();
  let place = 32;
  for (let count = program.readUInt32LE(16); count > 0; count--) {
    const kind = program.readUInt32LE(place);
    if (kind === SEGMENT_64) found.set(program.toString("latin1", place + 8, place + 24).replace(/\0.*$/s, ""), place);
    if (kind === CODE_SIGNATURE) found.set("signature", place);
    place += program.readUInt32LE(place + 4);
  }
  const [command, text, linkEdit] = ["signature", "__TEXT", "__LINKEDIT"].map((name) => found.get(name));
  if (command === undefined || text === undefined || linkEdit === undefined) {
    throw new Error("the program for macOS has no place for a signature");
  }
  return { command, text, linkEdit, signature: program.readUInt32LE(command + 8) };
}

/** Whether the signature of `program` is of what stands in it: its digests reach to itself, and each is right. */
export function isSignatureRight(program: Buffer): boolean {
  const { signature } = placesIn(program);
  const directory = program.subarray(signature + program.readUInt32BE(signature + 16));
  if (program.readUInt32BE(signature) !== EMBEDDED_SIGNATURE || directory.readUInt32BE(0) !== CODE_DIRECTORY) {
    return false;
  }
  const [digests, count, limit] = [16, 28, 32].map((at) => directory.readUInt32BE(at)) as [number, number, number];
  if (limit !== signature || directory[37] !== SHA_256.number) return false;
  const right = digestsOf(program.subarray(0, limit), 1 << directory[39]!);
  return right.equals(directory.subarray(digests, digests + count * SHA_256.bytes));
}

/** The program with a signature of its own under the name `identifier`, in the place of the one that it has. */
export function withSignature(program: Buffer, identifier: string): Buffer {
  const { command, text, linkEdit, signature } = placesIn(program);
  const name = Buffer.from(`${identifier}\0`);
  const digests = DIRECTORY_HEAD + name.length;
  const pages = Math.ceil(signature / PAGE);
  const length = digests + pages * SHA_256.bytes;
  const code = Buffer.from(program.subarray(0, signature));
  // The head says how long the signature is, and so is part of what is signed.
  code.writeUInt32LE(SIGNATURE_HEAD + length, command + 12);
  const size = BigInt(signature + SIGNATURE_HEAD + length) - code.readBigUInt64LE(linkEdit + 40);
  code.writeBigUInt64LE(size, linkEdit + 48);
  code.writeBigUInt64LE(BigInt(Math.ceil(Number(size) / PAGE) * PAGE), linkEdit + 32);

  const head = bigEndian([EMBEDDED_SIGNATURE, SIGNATURE_HEAD + length, 1, 0, SIGNATURE_HEAD]);
  const directory = bigEndian([
    ...[CODE_DIRECTORY, length, VERSION, FLAGS, digests, DIRECTORY_HEAD, 0, pages, signature],
    (SHA_256.bytes << 24) | (SHA_256.number << 16) | PAGE_BITS,
    // Neither scattered, nor of a team, nor beyond 4 GiB.
    ...[0, 0, 0, 0, 0, 0],
    // Where the code is, and that this is a program.
    ...[0, Number(code.readBigUInt64LE(text + 40)), 0, Number(code.readBigUInt64LE(text + 48)), 0, 1],
  ]);
  return Buffer.concat([code, head, directory, name, digestsOf(code, PAGE)]);
}

function digestsOf(code: Buffer, page: number): Buffer {
  const digests: Buffer[] = [];
  for (let place = 0; place < code.length; place += page) {
    digests.push(createHash("sha256").update(code.subarray(place, place + page)).digest());
  }
  return Buffer.concat(digests);
}

function bigEndian(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  words.forEach((word, index) => bytes.writeUInt32BE(word, index * 4));
  return bytes;
}
