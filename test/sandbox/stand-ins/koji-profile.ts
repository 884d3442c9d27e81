import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from './replay.ts';

/** Tries of a call, and seconds between two. */
const SHORT_RETRIES = 'max_retries = 2\nretry_interval = 1\n';

export interface Profile {
  readonly server: string;
  readonly web: string;
  readonly more?: string;
}

export function kojiProfile({ server, web, more = '' }: Profile): string {
  return `[koji]
server = ${server}/kojihub
weburl = http://${web}/koji
topurl = http://${web}/kojifiles
poll_interval = 1
${more}`;
}

/** Writes the Koji profile of the recorded HOME, which says by its name what is special in it. */
export async function writeKojiProfile(place: Place): Promise<void> {
  const { home, server, down } = place;
  const name = home.slice(home.lastIndexOf('/') + 1);
  await mkdir(join(home, '.koji'), { recursive: true });
  const write = (profile: Omit<Profile, 'web'>) =>
    writeFile(join(home, '.koji', 'config'), kojiProfile({ web: server, ...profile }));
  if (name.startsWith('hometls')) return write(await secureProfile(place, name));
  if (name === 'homekrb') {
    return write({ server: `http://${server}`, more: `authtype = kerberos\n${SHORT_RETRIES}` });
  }
  if (name === 'homedown') {
    return write({ server: `http://${down}`, more: `authtype = password\n${SHORT_RETRIES}` });
  }
  const retries = name === 'homefast' ? SHORT_RETRIES : '';
  return write({ server: `http://${server}`, more: `authtype = password\n${retries}` });
}

async function secureProfile(place: Place, name: string): Promise<Omit<Profile, 'web'>> {
  const { dir, secure, certificate } = place;
  const authority = join(dir, 'ca.crt');
  await writeFile(authority, certificate.cert);
  const lines = ['authtype = kerberos'];
  if (!name.endsWith('-noca')) lines.push(`serverca = ${authority}`);
  if (/-(kt|st)$/.test(name)) {
    lines.push('principal = packprobe/host.example.org@SANDBOX.INVALID');
    lines.push(`keytab = ${join(dir, 'krb', name.endsWith('-kt') ? 'good.keytab' : 'stale.keytab')}`);
  }
  const host = name.endsWith('-ip') ? '127.0.0.1' : 'localhost';
  return { server: `https://${host}${secure.slice(secure.indexOf(':'))}`, more: `${lines.join('\n')}\n` };
}
