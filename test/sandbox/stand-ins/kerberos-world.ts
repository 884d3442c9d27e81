import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCache } from '../../../src/sandbox/stand-ins/krb/cache.ts';
import { writeKeytab } from '../../../src/sandbox/stand-ins/krb/keytab.ts';
import { REALM_VARIABLE, type Realm, writeRealm } from '../../../src/sandbox/stand-ins/krb/realm.ts';
import type { Place, RecordedCase } from './replay.ts';

const KEY = 'ab'.repeat(32);
const OLD_KEY = 'cd'.repeat(32);
const REALM = 'SANDBOX.INVALID';
const PRINCIPAL = `packprobe/host.example.org@${REALM}`;
/** 2026-11-21 11:15:06 UTC. */
const KEYTAB_TIME = 1_795_259_706;

const principals: Realm['principals'] = [
  { name: PRINCIPAL, key: KEY },
  { name: `expiredprinc@${REALM}`, key: KEY, state: 'expired' },
  { name: `alice@${REALM}`, key: KEY, password: 'secret' },
  { name: `HTTP/localhost@${REALM}`, key: KEY, version: 2 },
];

export interface Kerberos {
  /** What the realm has beyond its principals, or that there is no usable configuration of it. */
  readonly realm?: Omit<Partial<Realm>, 'principals'> | 'absent' | 'garbage';
  /** Seconds for which the ticket in the cache is still good; without it the cache is empty. */
  readonly ticketEndsIn?: number;
}

/** Realm, keytabs and cache of a recorded command; what its environment needs beside. */
export async function kerberosWorld(
  { dir }: Pick<Place, 'dir'>,
  recorded: RecordedCase,
  { realm, ticketEndsIn }: Kerberos,
): Promise<Record<string, string>> {
  const krb = join(dir, 'krb');
  await mkdir(krb, { recursive: true });
  await writeGoodKeytab(join(krb, 'good.keytab'), join(krb, 'part'));
  writeKeytab(join(krb, 'stale.keytab'), { principal: PRINCIPAL, key: OLD_KEY });
  writeKeytab(join(krb, 'exp.keytab'), { principal: `expiredprinc@${REALM}`, key: KEY });
  writeKeytab(join(krb, 'ghost.keytab'), { principal: `ghost@${REALM}`, key: KEY });
  if (ticketEndsIn !== undefined) {
    const ends = Math.floor(Date.now() / 1000) + ticketEndsIn;
    const server = `krbtgt/${REALM}@${REALM}`;
    const ticket = { client: PRINCIPAL, server, starts: ends - 3600, ends, renewUntil: ends + 82_800 };
    const cache = recorded.env['KRB5CCNAME']?.replace('FILE:/sandbox/', '') ?? 'krb/cc';
    writeCache(join(dir, cache), { principal: PRINCIPAL, tickets: [ticket] });
  }
  if (realm === 'absent') return {};
  const file = join(krb, 'realm.json');
  if (realm === 'garbage') await writeFile(file, '[libdefaults');
  else writeRealm(file, { realm: REALM, principals, ...realm });
  return { [REALM_VARIABLE]: file };
}

/** Two versions of the key in two kinds each, as the recorded one. */
async function writeGoodKeytab(file: string, scratch: string): Promise<void> {
  const parts: Buffer[] = [];
  for (const version of [2, 3]) {
    for (const enctype of [18, 17]) {
      writeKeytab(scratch, { principal: PRINCIPAL, key: KEY, timestamp: KEYTAB_TIME, version, enctype });
      parts.push((await readFile(scratch)).subarray(2));
    }
  }
  await writeFile(file, Buffer.concat([Buffer.from([5, 2]), ...parts]));
}
