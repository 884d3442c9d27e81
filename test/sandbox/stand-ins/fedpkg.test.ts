import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { writeCommands } from '../../../src/sandbox/stand-ins/commands.ts';
import {
  commitElsewhere,
  commitLocally,
  fetchQuietly,
  git,
  makeWorld,
  removeTemplates,
} from './fedpkg-world.ts';
import { type Kerberos, kerberosWorld } from './kerberos-world.ts';
import { writeKojiProfile } from './koji-profile.ts';
import { casesOf, type Outcome, type Place, type RecordedCase, readCase, replay } from './replay.ts';

afterAll(removeTemplates);

const GATING =
  '--- !Policy\nproduct_versions: [fedora-*]\ndecision_contexts: [bodhi_update_push_stable]\nrules: []\n';
const TARBALL = Buffer.alloc(129, 'x');

/** What must be so before a case, beyond a clean clone on f44. */
type Preparation = (clone: string, place: Place) => Promise<unknown>;

const onRawhide: Preparation = (clone) => git(clone, 'checkout', '--quiet', 'rawhide');
const detached: Preparation = (clone) => git(clone, 'checkout', '--quiet', '--detach');
const dirty: Preparation = (clone) => writeFile(join(clone, 'foo.spec'), '# changed\n');
const tarball: Preparation = (clone) => writeFile(join(clone, 'foo-1.0.tar.gz'), TARBALL);
const unpushed: Preparation = (clone) => commitLocally(clone);
const listed: Preparation = (clone) =>
  writeFile(
    join(clone, 'sources'),
    `SHA512 (foo-1.0.tar.gz) = ${createHash('sha512').update(TARBALL).digest('hex')}\n`,
  );
const both =
  (...steps: readonly Preparation[]): Preparation =>
  async (clone, place) => {
    for (const step of steps) await step(clone, place);
  };
/** As `fedpkg clone` leaves a clone, and then a commit on f43. */
const hooked: Preparation = async (clone, place) => {
  const config = join(place.dir, 'fedpkg.conf');
  await writeCommands(join(place.dir, 'bin'), {
    user: 'alice',
    password: 'alice',
    fedpkgConfig: config,
    names: ['fedpkg'],
  });
  await git(clone, 'checkout', '--quiet', 'f43');
  const hook = `#!/bin/sh\nwhile read -r _ sha _ _; do fedpkg -C ${config} pre-push-check "$sha" || exit $?; done\n`;
  await mkdir(join(clone, '.git', 'hooks'));
  await writeFile(join(clone, '.git', 'hooks', 'pre-push'), hook, { mode: 0o755 });
  await writeFile(join(clone, 'sources'), '');
  await git(clone, 'add', 'sources');
  await git(clone, 'commit', '--quiet', '-m', 'no sources');
};
/** The real one reads the spec with rpm. */
const spectool: Preparation = (_, place) =>
  writeFile(join(place.dir, 'bin', 'spectool'), "#!/bin/sh\necho 'Source0: foo-1.0.tar.gz'\n", {
    mode: 0o755,
  });

/** As rpmbuild makes one; what is in it is nobody's business here. */
const SRPM_SUM = '3a7ab82d';
const rpmbuild: Preparation = async (clone, place) => {
  await mkdir(join(place.dir, 'bin'));
  await writeFile(join(place.dir, 'srpm'), 'x'.repeat(6945));
  const file = join(clone, 'foo-1.0-4.fc44.src.rpm');
  const script = `#!/bin/sh\ncp ${join(place.dir, 'srpm')} ${file}\necho Wrote: ${file}\n`;
  await writeFile(join(place.dir, 'bin', 'rpmbuild'), script, { mode: 0o755 });
};

/** Cases that need more than a clean clone on f44. */
const BEFORE: Readonly<Record<string, Preparation>> = {
  'verrel-rawhide': onRawhide,
  'verrel-rawhide-hub-503-short-retry': onRawhide,
  'verrel-rawhide-hub-down': onRawhide,
  'verrel-private-branch': (clone) => git(clone, 'checkout', '--quiet', 'private-x'),
  'verrel-detached-head': detached,
  'verrel-broken-spec': (clone) => writeFile(join(clone, 'foo.spec'), 'Name: foo\nVersion: %{broken\n'),
  'switch-branch': both(onRawhide, (clone) => git(clone, 'branch', '--quiet', '-D', 'f44')),
  'switch-branch-local': onRawhide,
  'switch-branch-list': both(onRawhide, (clone) => git(clone, 'branch', '--quiet', '-D', 'f44')),
  'switch-branch-dirty': dirty,
  'new-sources': tarball,
  'new-sources-lookaside-403': tarball,
  'new-sources-lookaside-404': tarball,
  'new-sources-lookaside-500': tarball,
  'new-sources-lookaside-503': tarball,
  'new-sources-lookaside-badsum': tarball,
  'new-sources-lookaside-down-attempts': tarball,
  'new-sources-lookaside-drop': tarball,
  'new-sources-lookaside-odd': tarball,
  'new-sources-lookaside-up403': tarball,
  'new-sources-lookaside-up500': tarball,
  'new-sources-negotiate-no-ticket': tarball,
  'sources-503': listed,
  'sources-cmd': both(listed, tarball),
  'sources-corrupt': (clone) =>
    writeFile(join(clone, 'sources'), `SHA512 (foo-1.0.tar.gz) = ${'0'.repeat(128)}\n`),
  'sources-download2': listed,
  'build-behind-after-fetch': both((_, place) => commitElsewhere(place), fetchQuietly),
  'build-branch-without-upstream': (clone) => git(clone, 'checkout', '--quiet', '--no-track', '-b', 'nob'),
  'build-detached-head': detached,
  'build-dirty': dirty,
  'build-remote-ahead-not-fetched': (_, place) => commitElsewhere(place),
  'build-unpushed-wrong-password': unpushed,
  'build-scratch-srpm-nowait': both(listed, tarball, rpmbuild),
  'build-answer-lost-then-1009': unpushed,
  'build-unpushed-hub-503': unpushed,
  'new-sources-negotiate-expired-ticket': tarball,
  'new-sources-negotiate-ticket-ip': tarball,
  'push-401': unpushed,
  'push-403': unpushed,
  'push-connection-dropped': unpushed,
  'push-fetch-first': both(unpushed, (_, place) => commitElsewhere(place)),
  'push-no-verify': hooked,
  'push-prepush-no-spectool': hooked,
  'push-prepush-source-not-listed': both(hooked, spectool),
};

const TICKET: Kerberos = { ticketEndsIn: 3600 };
const EXPIRED: Kerberos = { ticketEndsIn: -600 };

const KERBEROS: Readonly<Record<string, Kerberos>> = {
  'build-gssapi-expired-ticket': EXPIRED,
  'build-gssapi-ticket': TICKET,
  'build-kerberos-expired-ticket': EXPIRED,
  'build-kerberos-ticket-hub-on-http': TICKET,
  'new-sources-negotiate-expired-ticket': EXPIRED,
  'new-sources-negotiate-ticket-ip': TICKET,
  'verrel-json-user-from-ticket': TICKET,
};

/** Cases that were recorded in a folder of another name than the package's, and those where no folder was there yet. */
const OTHER_FOLDER = ['build-remote-ahead-not-fetched', 'build-wait-sigint', 'build-gssapi-ticket'];

function prepareFor(recorded: RecordedCase, name: string) {
  return async (place: Place) => {
    const { dir, server } = place;
    const release = Number(/foo-1\.0-(\d+)\.fc/.exec(recorded.stdout)?.[1] ?? 4);
    const files = name.includes('gating') ? { 'gating.yaml': GATING } : {};
    const clone = await makeWorld(place, { release, files, git: `http://${server}` });
    await writeKojiProfile(place);
    const krb = await kerberosWorld(place, recorded, KERBEROS[name] ?? {});
    await BEFORE[name]?.(clone, place);
    const env = { ...krb, PATH: `${join(dir, 'bin')}:${process.env['PATH']}` };
    if (name.startsWith('clone')) return { cwd: dir, env };
    if (OTHER_FOLDER.includes(name)) {
      await rename(clone, `${clone}2`);
      return { cwd: `${clone}2`, env };
    }
    return { cwd: clone, env };
  };
}

const CASES = casesOf('fedpkg-1.70');

describe('fedpkg 1.70', () => {
  test.each(CASES)('%s is answered and asked as by the real client', async (name) => {
    const recorded = readCase('fedpkg', '1.70', name);
    const { expected, actual, readings } = await replay(recorded, {
      prepare: prepareFor(recorded, name),
      payload: TARBALL,
      uploadSum: SRPM_SUM,
      interrupt: name.endsWith('sigint'),
    });
    // How fast something was sent, and what a commit is called, is of the day.
    const short = (text: string) =>
      text
        .replaceAll(/\b[0-9a-f]{7}\.\.[0-9a-f]{7}\b/g, 'A..B')
        .replaceAll(/\d\d:\d\d:\d\d .{10} .{10}\/sec/g, 'TIMES');
    const daily = (outcome: Outcome) => ({
      ...outcome,
      stdout: short(outcome.stdout),
      stderr: short(outcome.stderr),
    });
    expect(daily(actual)).toEqual(daily(expected));
    expect(readings.actual).toBe(readings.expected);
  });

  test('what is said of a case is said of one that is there', () => {
    expect(CASES).toEqual(expect.arrayContaining([...Object.keys(BEFORE), ...Object.keys(KERBEROS)]));
  });
});
