/** Reads the big-endian records of MIT's files. Throws RangeError beyond the end. */
export interface ByteReader {
  readonly left: number;
  u8(): number;
  u16(): number;
  u32(): number;
  i32(): number;
  bytes(length: number): Buffer;
}

export function byteReader(buffer: Buffer): ByteReader {
  let at = 0;
  const step = (length: number) => {
    at += length;
    return at - length;
  };
  return {
    get left() {
      return buffer.length - at;
    },
    u8: () => buffer.readUInt8(step(1)),
    u16: () => buffer.readUInt16BE(step(2)),
    u32: () => buffer.readUInt32BE(step(4)),
    i32: () => buffer.readInt32BE(step(4)),
    bytes(length) {
      if (length > buffer.length - at) throw new RangeError('beyond the end');
      return buffer.subarray(step(length), at);
    },
  };
}

export function u8(value: number): Buffer {
  return Buffer.from([value]);
}

export function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

export function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}

/** `packprobe/host@REALM` apart; a backslash quotes. */
export function splitPrincipal(name: string): {
  readonly components: readonly string[];
  readonly realm: string;
} {
  const at = name.lastIndexOf('@');
  const bare = at < 0 ? name : name.slice(0, at);
  return { components: bare.split('/'), realm: at < 0 ? '' : name.slice(at + 1) };
}
