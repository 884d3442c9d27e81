import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Run } from '../common/stand-in.ts';
import { byteReader, splitPrincipal, u8, u16, u32 } from './bytes.ts';

/** A ticket in a credential cache; times in epoch seconds. */
export interface Ticket {
  readonly client: string;
  readonly server: string;
  readonly starts: number;
  readonly ends: number;
  /** 0: not renewable. */
  readonly renewUntil: number;
}

export interface Cache {
  readonly principal: string;
  readonly tickets: readonly Ticket[];
}

const AES256 = 18;
const RENEWABLE = 0x00800000;
const INITIAL = 0x00400000;

/** Path of the cache that `KRB5CCNAME` or an option names; MIT's default is a file in /tmp. */
export function cachePath(run: Pick<Run, 'env'>, option?: string): string {
  const name = option ?? run.env['KRB5CCNAME'] ?? `/tmp/krb5cc_${process.getuid?.() ?? 0}`;
  return name.replace(/^FILE:/, '');
}

/** Writes a cache in MIT's format 0x0504, readable by its own tools. Throws where the folder is missing. */
export function writeCache(file: string, { principal, tickets }: Cache): void {
  const content = Buffer.concat([
    u16(0x0504),
    // One header field: the KDC's clock is ours.
    u16(12),
    u16(1),
    u16(8),
    u32(0),
    u32(0),
    encodePrincipal(principal),
    ...tickets.map(encodeTicket),
  ]);
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function encodePrincipal(name: string): Buffer {
  const { components, realm } = splitPrincipal(name);
  const texts = [realm, ...components].map((text) =>
    Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]),
  );
  return Buffer.concat([u32(1), u32(components.length), ...texts]);
}

function encodeTicket({ client, server, starts, ends, renewUntil }: Ticket): Buffer {
  const key = Buffer.alloc(32);
  return Buffer.concat([
    encodePrincipal(client),
    encodePrincipal(server),
    u16(AES256),
    u32(key.length),
    key,
    u32(starts),
    u32(starts),
    u32(ends),
    u32(renewUntil),
    u8(0),
    u32(INITIAL | (renewUntil > 0 ? RENEWABLE : 0)),
    u32(0),
    u32(0),
    u32(0),
    u32(0),
  ]);
}

/** undefined where there is no cache, or none in this format. */
export function readCache(file: string): Cache | undefined {
  try {
    const reader = byteReader(readFileSync(file));
    if (reader.u16() !== 0x0504) return undefined;
    reader.bytes(reader.u16());
    const counted = () => reader.bytes(reader.u32());
    const principalOf = () => {
      reader.u32();
      const count = reader.u32();
      const realm = counted().toString();
      return `${Array.from({ length: count }, () => counted().toString()).join('/')}@${realm}`;
    };
    const list = (entry: () => void) => {
      for (let left = reader.u32(); left > 0; left--) entry();
    };
    const typed = () => {
      reader.u16();
      counted();
    };
    const principal = principalOf();
    const tickets: Ticket[] = [];
    while (reader.left > 0) {
      const client = principalOf();
      const server = principalOf();
      typed();
      reader.u32();
      const starts = reader.u32();
      const ends = reader.u32();
      const renewUntil = reader.u32();
      reader.u8();
      reader.u32();
      list(typed);
      list(typed);
      counted();
      counted();
      // Tools of MIT keep their settings beside the tickets.
      if (!server.endsWith('@X-CACHECONF:')) tickets.push({ client, server, starts, ends, renewUntil });
    }
    return { principal, tickets };
  } catch {
    return undefined;
  }
}

/** The ticket by which others are got; undefined where the cache holds none. */
export function ticketGrantingTicket(cache: Cache | undefined): Ticket | undefined {
  if (cache === undefined) return undefined;
  const { realm } = splitPrincipal(cache.principal);
  return cache.tickets.find(({ server }) => server === `krbtgt/${realm}@${realm}`);
}

/** Whether the cache holds a ticket that counts now, by the host's clock. */
export function hasLiveTicket(cache: Cache | undefined, nowSeconds: number): boolean {
  const ticket = ticketGrantingTicket(cache);
  return ticket !== undefined && ticket.ends > nowSeconds;
}
