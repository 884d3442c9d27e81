import { readFileSync, writeFileSync } from 'node:fs';
import { byteReader, splitPrincipal, u8, u16, u32 } from './bytes.ts';

/** AES256 with SHA-1: what MIT makes by default. */
const AES256 = 18;
const NT_PRINCIPAL = 1;

export interface KeytabEntry {
  /** With its realm. */
  readonly principal: string;
  /** Hex. */
  readonly key: string;
  readonly version: number;
  readonly enctype: number;
  /** Epoch seconds. */
  readonly timestamp: number;
}

/** Writes a keytab of one principal in MIT's format 0x0502, for its owner alone. */
export function writeKeytab(
  file: string,
  {
    principal,
    key,
    version = 1,
    timestamp = 0,
    enctype = AES256,
  }: Pick<KeytabEntry, 'principal' | 'key'> & Partial<KeytabEntry>,
): void {
  const { components, realm } = splitPrincipal(principal);
  const counted = (text: string) => Buffer.concat([u16(Buffer.byteLength(text)), Buffer.from(text)]);
  const secret = Buffer.from(key, 'hex');
  const record = Buffer.concat([
    u16(components.length),
    counted(realm),
    ...components.map(counted),
    u32(NT_PRINCIPAL),
    u32(timestamp),
    u8(version & 0xff),
    u16(enctype),
    u16(secret.length),
    secret,
    u32(version),
  ]);
  writeFileSync(file, Buffer.concat([Buffer.from([5, 2]), u32(record.length), record]), { mode: 0o600 });
}

/** Why a keytab cannot be read, in MIT's words. */
export type KeytabTrouble = 'missing' | 'unsupported';

export function readKeytab(file: string): readonly KeytabEntry[] | KeytabTrouble {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch {
    return 'missing';
  }
  if (content.length < 2 || content.readUInt16BE(0) !== 0x0502) return 'unsupported';
  const file0502 = byteReader(content.subarray(2));
  const entries: KeytabEntry[] = [];
  try {
    while (file0502.left >= 4) {
      const size = file0502.i32();
      // A negative size is a hole that a removed entry left; zero ends the file.
      if (size === 0) break;
      const record = file0502.bytes(Math.abs(size));
      if (size > 0) entries.push(readEntry(record));
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return entries;
}

function readEntry(record: Buffer): KeytabEntry {
  const reader = byteReader(record);
  const text = () => reader.bytes(reader.u16()).toString();
  const count = reader.u16();
  const realm = text();
  const components = Array.from({ length: count }, text);
  reader.u32();
  const timestamp = reader.u32();
  const shortVersion = reader.u8();
  const enctype = reader.u16();
  const key = reader.bytes(reader.u16()).toString('hex');
  const longVersion = reader.left >= 4 ? reader.u32() : 0;
  return {
    principal: `${components.join('/')}@${realm}`,
    key,
    version: longVersion === 0 ? shortVersion : longVersion,
    enctype,
    timestamp,
  };
}

/** MIT's text of a keytab that cannot be read. */
export function troubleText(trouble: KeytabTrouble, file: string): string {
  return trouble === 'missing'
    ? `Key table file '${file}' not found`
    : 'Unsupported key table format version number';
}
