/** A frame as a server of a WebSocket writes it (RFC 6455, 5.2), right or not. */
export function serverFrame(opcode: number, payload: Uint8Array | string, isLast = true, length?: number): Buffer {
  const bytes = Buffer.from(payload as string);
  const stated = length ?? bytes.length;
  const head = Buffer.alloc(stated < 126 ? 2 : stated < 65_536 ? 4 : 10);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  if (stated < 126) head[1] = stated;
  else if (stated < 65_536) head.writeUInt16BE(stated, (head[1] = 126) && 2);
  else head.writeBigUInt64BE(BigInt(stated), (head[1] = 127) && 2);
  return Buffer.concat([head, bytes]);
}
