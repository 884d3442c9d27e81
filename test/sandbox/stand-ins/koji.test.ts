import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type Kerberos, kerberosWorld } from './kerberos-world.ts';
import { kojiProfile, writeKojiProfile } from './koji-profile.ts';
import { casesOf, type Place, type RecordedCase, type RecordedRequest, readCase, replay } from './replay.ts';

const CASES = casesOf('koji-1.36.1');

beforeEach(() => {
  vi.stubEnv('TZ', 'UTC');
});

const TICKET: Kerberos = { ticketEndsIn: 3600 };

const KERBEROS: Readonly<Record<string, Kerberos>> = {
  'gssapi-ca-unknown': TICKET,
  'gssapi-expired-ticket': { ticketEndsIn: -600 },
  'gssapi-keytab-kdc-down': { realm: { kdc: 'refused' } },
  'gssapi-login-403': TICKET,
  'gssapi-login-503': TICKET,
  'gssapi-ticket-build': TICKET,
  'gssapi-ticket-kdc-silent': { ...TICKET, realm: { kdc: 'silent' } },
  'gssapi-ticket-url-with-ip': TICKET,
};

function prepareFor(recorded: RecordedCase) {
  return async (place: Place) => {
    const { dir, server, down } = place;
    const env = await kerberosWorld(place, recorded, KERBEROS[recorded.case] ?? {});
    await writeKojiProfile(place);
    const fast = 'max_retries = 2\nretry_interval = 1\n';
    const profile = (to: string, more: string) => kojiProfile({ server: `http://${to}`, web: server, more });
    await writeFile(join(dir, 'fast.conf'), profile(server, `authtype = password\n${fast}`));
    await writeFile(join(dir, 'down.conf'), profile(down, `authtype = password\n${fast}`));
    await writeFile(join(dir, 'noauth.conf'), profile(server, fast));
    return { cwd: dir, env };
  };
}

const FREE = { state: 0, owner_name: 'alice', priority: 19 };
const SOURCE = 'git+https://src.fedoraproject.org/rpms/foo.git#0123456789abcdef0123456789abcdef01234567';

/** The tasks that a cut answer held, as the real client went on to list them. */
function tasksOf(build: number, open: readonly number[]): readonly unknown[] {
  const child = (id: number, method: string, arch: string, request: readonly unknown[]) => ({
    ...FREE,
    id,
    method,
    arch,
    request,
    parent: build,
    state: open.includes(id) ? 1 : 0,
  });
  return [
    {
      ...FREE,
      id: build,
      method: 'build',
      arch: 'noarch',
      priority: 20,
      parent: null,
      request: [SOURCE, 'f44-candidate', {}],
    },
    child(build + 1, 'buildSRPMFromSCM', 'noarch', [SOURCE, 'f44-build', {}]),
    child(build + 2, 'buildArch', 'x86_64', ['a/foo-1.0-2.fc44.src.rpm', 'f44-build', 'x86_64', true, {}]),
    child(build + 3, 'tagBuild', 'noarch', []),
  ];
}

/** Only lists of tasks were cut. */
function uncut({ case: name }: RecordedCase) {
  return (_: RecordedRequest) => ({
    result: name === 'list-tasks' ? [...tasksOf(100, [101, 103]), ...tasksOf(104, [])] : tasksOf(100, []),
  });
}

/** The greeting comes in a language of chance. */
function greeted<T extends { readonly stdout: string }>(outcome: T): T {
  return { ...outcome, stdout: outcome.stdout.replace(/^.+, (?=anonymous user!$)/m, 'GREETING, ') };
}

describe('koji 1.36.1', () => {
  test.each(CASES)('%s is answered and asked as by the real client', async (name) => {
    const recorded = readCase('koji', '1.36.1', name);
    const { expected, actual, readings } = await replay(recorded, {
      prepare: prepareFor(recorded),
      uncut: uncut(recorded),
    });
    expect(greeted(actual)).toEqual(greeted(expected));
    expect(readings.actual).toBe(readings.expected);
  });
});
