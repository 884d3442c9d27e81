import { createCipheriv, createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** What an RPM of the sandbox is made of; the same facts always give the same bytes. */
export interface RpmFacts {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch: number | null;
  /** `src` for a source package. */
  readonly arch: string;
  /** File name of the source package it came from; a source package has none. */
  readonly sourceRpm: string | undefined;
  readonly buildHost: string;
  /** Seconds. */
  readonly buildTime: number;
  /** How long its one file is, in bytes. */
  readonly fill: number;
}

export type HeaderValue = string | number | readonly string[] | readonly number[];

/** Tags of a header by number, with the type that librpm gives them. */
type Entry = readonly [tag: number, type: EntryType, value: HeaderValue | Buffer];
type EntryType = 'int16' | 'int32' | 'string' | 'bin' | 'strings' | 'i18n';

const TYPE: Readonly<Record<EntryType, number>> = {
  int16: 3,
  int32: 4,
  string: 6,
  bin: 7,
  strings: 8,
  i18n: 9,
};
const ALIGN: Readonly<Partial<Record<EntryType, number>>> = { int16: 2, int32: 4 };
const MAGIC = Buffer.from('8eade80100000000', 'hex');
/** The regions that librpm wants first: they name what is under the digest. */
const SIGNATURES = 62;
const IMMUTABLE = 63;
const SHA256 = 8;

/** Fields of a header by their names in upper case, as `rpm --qf` and Koji's `getRPMHeaders` call them. */
export function headerFields(facts: RpmFacts): ReadonlyMap<string, HeaderValue> {
  const { name, version, release, epoch, arch, sourceRpm, buildHost, buildTime, fill } = facts;
  return new Map<string, HeaderValue>([
    ['NAME', name],
    ['VERSION', version],
    ['RELEASE', release],
    ...(epoch === null ? [] : [['EPOCH', epoch] as const]),
    ['SUMMARY', `Test package ${name}`],
    ['DESCRIPTION', `${name} holds nothing that anybody needs.`],
    ['BUILDTIME', buildTime],
    ['BUILDHOST', buildHost],
    ['SIZE', fill],
    ['DISTRIBUTION', 'Fedora Project'],
    ['VENDOR', 'Fedora Project'],
    ['LICENSE', 'MIT'],
    ['PACKAGER', 'Fedora Project'],
    ['GROUP', 'Unspecified'],
    ['URL', `https://src.fedoraproject.org/rpms/${name}`],
    ['OS', 'linux'],
    ['ARCH', arch === 'src' ? 'x86_64' : arch],
    ...(sourceRpm === undefined ? [['SOURCEPACKAGE', 1] as const] : [['SOURCERPM', sourceRpm] as const]),
    ['RPMVERSION', '6.0.0'],
  ]);
}

/** Fields that librpm knows and these headers leave empty: what it gives for them. */
export const EMPTY_FIELDS: ReadonlyMap<string, HeaderValue | null> = new Map([
  ...['EPOCH', 'SOURCERPM', 'SOURCEPACKAGE', 'BUGURL', 'VCS', 'DISTTAG', 'DISTURL', 'COOKIE', 'OPTFLAGS'].map(
    (field) => [field, null] as const,
  ),
  ...[
    'BUILDARCHS',
    'EXCLUDEARCH',
    'EXCLUSIVEARCH',
    'EXCLUDEOS',
    'EXCLUSIVEOS',
    'REQUIRES',
    'REQUIRENAME',
    'PROVIDES',
    'PROVIDENAME',
    'CONFLICTS',
    'OBSOLETES',
    'SOURCE',
    'PATCH',
    'CHANGELOGTIME',
    'CHANGELOGNAME',
    'CHANGELOGTEXT',
  ].map((field) => [field, []] as const),
]);

/** A whole RPM: lead, signature header, header, payload of one file. `key` signs it, in the form only. */
export function rpmFile(facts: RpmFacts, key?: string): Buffer {
  const path = ['/usr/share/doc/', `${facts.name}.bin`] as const;
  const content = fillOf(facts);
  const payload = gzipSync(cpio(`.${path.join('')}`, content, facts.buildTime), { level: 1 });
  const main = header(IMMUTABLE, mainEntries(facts, path, content, payload));
  const signature = header(SIGNATURES, signatureEntries(main, payload, key));
  const padding = Buffer.alloc((8 - (signature.length % 8)) % 8);
  return Buffer.concat([lead(facts), signature, padding, main, payload]);
}

/** The signature header's MD5 of header and payload: what Koji keeps as `payloadhash`. */
export function payloadHash(file: Buffer): string {
  const [start, end] = signatureBounds(file);
  const main = end + ((8 - ((end - start) % 8)) % 8);
  return createHash('md5').update(file.subarray(main)).digest('hex');
}

/** MD5 of the signature header: what Koji keeps of each signature as `sighash`. */
export function signatureHash(file: Buffer): string {
  return createHash('md5')
    .update(file.subarray(...signatureBounds(file)))
    .digest('hex');
}

const LEAD_LENGTH = 96;

function signatureBounds(file: Buffer): [number, number] {
  const length = 16 + 16 * file.readUInt32BE(LEAD_LENGTH + 8) + file.readUInt32BE(LEAD_LENGTH + 12);
  return [LEAD_LENGTH, LEAD_LENGTH + length];
}

function lead({ name, version, release, arch }: RpmFacts): Buffer {
  const bytes = Buffer.alloc(LEAD_LENGTH);
  bytes.writeUInt32BE(0xedabeedb, 0);
  bytes.writeUInt8(3, 4);
  bytes.writeUInt16BE(arch === 'src' ? 1 : 0, 6);
  bytes.writeUInt16BE(arch === 'aarch64' ? 19 : 1, 8);
  bytes.write(`${name}-${version}-${release}`.slice(0, 65), 10);
  bytes.writeUInt16BE(1, 76);
  bytes.writeUInt16BE(5, 78);
  return bytes;
}

function mainEntries(
  facts: RpmFacts,
  [directory, file]: readonly [string, string],
  content: Buffer,
  payload: Buffer,
): readonly Entry[] {
  const fields = headerFields(facts);
  const digest = createHash('sha256').update(content).digest('hex');
  const named = NAMED.flatMap(([field, tag, type]): readonly Entry[] => {
    const value = fields.get(field);
    return value === undefined ? [] : [[tag, type, value]];
  });
  return [
    [100, 'strings', ['C']],
    ...named,
    [1028, 'int32', [content.length]],
    [1030, 'int16', [0o100644]],
    [1033, 'int16', [0]],
    [1034, 'int32', [facts.buildTime]],
    [1035, 'strings', [digest]],
    [1036, 'strings', ['']],
    [1037, 'int32', [2]],
    [1039, 'strings', ['root']],
    [1040, 'strings', ['root']],
    [1045, 'int32', [0xffffffff]],
    [1095, 'int32', [1]],
    [1096, 'int32', [1]],
    [1097, 'strings', ['']],
    [1116, 'int32', [0]],
    [1117, 'strings', [file]],
    [1118, 'strings', [directory]],
    [1124, 'string', 'cpio'],
    [1125, 'string', 'gzip'],
    [1126, 'string', '9'],
    [5011, 'int32', [SHA256]],
    [5092, 'strings', [createHash('sha256').update(payload).digest('hex')]],
    [5093, 'int32', [SHA256]],
  ];
}

const NAMED: readonly (readonly [string, number, EntryType])[] = [
  ['NAME', 1000, 'string'],
  ['VERSION', 1001, 'string'],
  ['RELEASE', 1002, 'string'],
  ['EPOCH', 1003, 'int32'],
  ['SUMMARY', 1004, 'i18n'],
  ['DESCRIPTION', 1005, 'i18n'],
  ['BUILDTIME', 1006, 'int32'],
  ['BUILDHOST', 1007, 'string'],
  ['SIZE', 1009, 'int32'],
  ['DISTRIBUTION', 1010, 'string'],
  ['VENDOR', 1011, 'string'],
  ['LICENSE', 1014, 'string'],
  ['PACKAGER', 1015, 'string'],
  ['GROUP', 1016, 'i18n'],
  ['URL', 1020, 'string'],
  ['OS', 1021, 'string'],
  ['ARCH', 1022, 'string'],
  ['SOURCERPM', 1044, 'string'],
  ['RPMVERSION', 1064, 'string'],
  ['SOURCEPACKAGE', 1106, 'int32'],
];

function signatureEntries(main: Buffer, payload: Buffer, key: string | undefined): readonly Entry[] {
  const hex = (algorithm: string) => createHash(algorithm).update(main).digest('hex');
  return [
    ...(key === undefined ? [] : [[268, 'bin', openPgp(key)] as const]),
    [269, 'string', hex('sha1')],
    [273, 'string', hex('sha256')],
    [1000, 'int32', main.length + payload.length],
    [1004, 'bin', createHash('md5').update(main).update(payload).digest()],
  ];
}

/** A signature packet of version 4 that names its key and proves nothing. */
function openPgp(key: string): Buffer {
  const id = Buffer.from(key.padStart(16, '0').slice(-16), 'hex');
  const unhashed = Buffer.concat([Buffer.from([9, 16]), id]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(unhashed.length);
  const body = Buffer.concat([
    Buffer.from([4, 0, 1, SHA256, 0, 0]),
    length,
    unhashed,
    Buffer.from([0, 0, 0, 8, 0]),
  ]);
  return Buffer.concat([Buffer.from([0x89, 0, body.length]), body]);
}

/** A header with its region first: the region's own entry points to a trailer at the end of the data. */
function header(region: number, entries: readonly Entry[]): Buffer {
  const sorted = entries.toSorted(([a], [b]) => a - b);
  const rows: Buffer[] = [];
  const parts: Buffer[] = [];
  let length = 0;
  const append = (bytes: Buffer) => {
    parts.push(bytes);
    length += bytes.length;
  };
  for (const [tag, type, value] of sorted) {
    const align = ALIGN[type] ?? 1;
    append(Buffer.alloc((align - (length % align)) % align));
    const { bytes, count } = encoded(type, value);
    rows.push(row(tag, TYPE[type], length, count));
    append(bytes);
  }
  const trailerAt = length;
  append(row(region, TYPE.bin, -16 * (rows.length + 1), 16));
  const index = [row(region, TYPE.bin, trailerAt, 16), ...rows];
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(index.length, 0);
  counts.writeUInt32BE(length, 4);
  return Buffer.concat([MAGIC, counts, ...index, ...parts]);
}

function row(tag: number, type: number, offset: number, count: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeInt32BE(tag, 0);
  bytes.writeInt32BE(type, 4);
  bytes.writeInt32BE(offset, 8);
  bytes.writeInt32BE(count, 12);
  return bytes;
}

function encoded(type: EntryType, value: HeaderValue | Buffer): { bytes: Buffer; count: number } {
  if (Buffer.isBuffer(value)) return { bytes: value, count: value.length };
  const values = Array.isArray(value) ? (value as readonly (string | number)[]) : [value as string | number];
  if (type === 'int16' || type === 'int32') {
    const width = type === 'int16' ? 2 : 4;
    const bytes = Buffer.alloc(width * values.length);
    values.forEach((one, at) => void bytes.writeUIntBE(Number(one), at * width, width));
    return { bytes, count: values.length };
  }
  return { bytes: Buffer.from(values.map((one) => `${one}\0`).join('')), count: values.length };
}

/** Bytes that do not compress away, so that the package keeps about the size that was wished for: AES in counter mode of nothing. */
function fillOf({ name, version, release, arch, fill }: RpmFacts): Buffer {
  const key = createHash('md5').update(`${name}-${version}-${release}.${arch}`).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(fill));
}

/** The payload: one file and the trailer, in the portable ASCII form. */
function cpio(path: string, content: Buffer, mtime: number): Buffer {
  const member = (name: string, bytes: Buffer, mode: number, inode: number) => {
    const numbers = [inode, mode, 0, 0, 1, mtime, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
    const head = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${name}\0`;
    return [padded(Buffer.from(head)), padded(bytes)];
  };
  return Buffer.concat([
    ...member(path, content, 0o100644, 1),
    ...member('TRAILER!!!', Buffer.alloc(0), 0, 0),
  ]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** Entries of a header, and values of an entry, of what is read: more is garbage. */
const MOST = 100_000;

/** What the header of a package says by tag number; undefined for what is no package. */
export function readHeader(file: Buffer): ReadonlyMap<number, HeaderValue> | undefined {
  try {
    if (file.readUInt32BE(0) !== 0xedabeedb) return undefined;
    const [start, end] = signatureBounds(file);
    const at = end + ((8 - ((end - start) % 8)) % 8);
    if (!file.subarray(at, at + 4).equals(MAGIC.subarray(0, 4))) return undefined;
    const count = file.readUInt32BE(at + 8);
    if (count > MOST) return undefined;
    const data = at + 16 + 16 * count;
    const rows = Array.from({ length: count }, (_, index) => at + 16 + 16 * index);
    return new Map(
      rows.flatMap((row) => {
        const [tag, type, offset, many] = [0, 4, 8, 12].map((part) => file.readUInt32BE(row + part));
        const value = readValue(file, { type: type ?? 0, at: data + (offset ?? 0), many: many ?? 0 });
        return value === undefined ? [] : [[tag ?? 0, value] as const];
      }),
    );
  } catch (error) {
    // Cut off, or pointing behind its end.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

interface Stored {
  readonly type: number;
  readonly at: number;
  readonly many: number;
}

function readValue(file: Buffer, { type, at, many }: Stored): HeaderValue | undefined {
  if (type === TYPE.int32)
    return Array.from({ length: many }, (_, index) => file.readUInt32BE(at + 4 * index));
  if (type !== TYPE.string && type !== TYPE.strings && type !== TYPE.i18n) return undefined;
  const texts: string[] = [];
  for (let from = at; texts.length < many; ) {
    const end = file.indexOf(0, from);
    if (end < 0) return undefined;
    texts.push(file.toString('utf8', from, end));
    from = end + 1;
  }
  return type === TYPE.string ? (texts[0] ?? '') : texts;
}
