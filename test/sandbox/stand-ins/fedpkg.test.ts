import { createHash } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commitElsewhere, commitLocally, git, kojiProfile, makeWorld } from './fedpkg-world.ts';
import { type Place, type RecordedCase, readCase, replay } from './replay.ts';

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
const hubDown: Preparation = (_, place) => kojiProfile({ ...place, server: place.down });
const both =
  (...steps: readonly Preparation[]): Preparation =>
  async (clone, place) => {
    for (const step of steps) await step(clone, place);
  };
/** Some cases were recorded in a folder of another name than the package's. */
const otherFolder: Preparation = async (clone) => rename(clone, `${clone}2`);

const CASES: Readonly<Record<string, Preparation>> = {
  verrel: async () => undefined,
  'verrel-json': async () => undefined,
  'verrel-rawhide': onRawhide,
  'verrel-rawhide-hub-503-short-retry': onRawhide,
  'verrel-rawhide-hub-down': both(onRawhide, hubDown),
  'verrel-release-option': async () => undefined,
  'verrel-private-branch': (clone) => git(clone, 'checkout', '--quiet', 'private-x'),
  'verrel-detached-head': detached,
  'verrel-broken-spec': (clone) => writeFile(join(clone, 'foo.spec'), 'Name: foo\nVersion: %{broken\n'),
  'switch-branch': both(onRawhide, (clone) => git(clone, 'branch', '--quiet', '-D', 'f44')),
  'switch-branch-local': onRawhide,
  'switch-branch-list': both(onRawhide, (clone) => git(clone, 'branch', '--quiet', '-D', 'f44')),
  'switch-branch-unknown': async () => undefined,
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
  'new-sources-tracked-file': async () => undefined,
  'sources-503': listed,
  'sources-cmd': both(listed, tarball),
  'sources-corrupt': (clone) =>
    writeFile(join(clone, 'sources'), `SHA512 (foo-1.0.tar.gz) = ${'0'.repeat(128)}\n`),
  'sources-download2': listed,
  'build-arches-not-scratch': async () => undefined,
  'build-behind-after-fetch': both(
    (_, place) => commitElsewhere(place),
    (clone) => git(clone, 'fetch', '--quiet'),
  ),
  'build-branch-without-upstream': (clone) => git(clone, 'checkout', '--quiet', '--no-track', '-b', 'nob'),
  'build-call-503-short-retry': async () => undefined,
  'build-detached-head': detached,
  'build-dirty': dirty,
  'build-gating-bad': async () => undefined,
  'build-gating-down': async () => undefined,
  'build-gating-ok': async () => undefined,
  'build-gating-scratch-down': async () => undefined,
  'build-hub-503-short-retry': async () => undefined,
  'build-hub-down': hubDown,
  'build-hub-drop-short-retry': async () => undefined,
  'build-hub-html': async () => undefined,
  'build-locked-target': async () => undefined,
  'build-offline-hub': async () => undefined,
  'build-policy': async () => undefined,
  'build-remote-ahead-not-fetched': both((_, place) => commitElsewhere(place), otherFolder),
  'build-scratch-nowait': async () => undefined,
  'build-skip-nvr-check': async () => undefined,
  'build-unknown-target': async () => undefined,
  'build-unpushed-wrong-password': unpushed,
  'build-wait-ok': async () => undefined,
  'build-wait-sigint': otherFolder,
  'build-watch-503-short-retry': async () => undefined,
  'build-wrong-password': async () => undefined,
  'build-gssapi-keytab-in-profile-no-ticket': (_, place) =>
    kojiProfile(place, { authtype: 'kerberos', scheme: 'https' }),
  'request-side-tag-from-branch': async () => undefined,
  'request-side-tag-denied': async () => undefined,
  'list-side-tags': async () => undefined,
  'remove-side-tag': async () => undefined,
  'no-config-file': async () => undefined,
  'config-without-kojiprofile': async () => undefined,
  'usage-no-command': async () => undefined,
  'push-nothing': async () => undefined,
};

// Not replayed, each knowingly: what git says of a broken server (git is the real one); source packages (there is no rpmbuild); logins with a ticket; and
// the cases that were killed by their recorder or by SIGTERM.

function prepareFor(recorded: RecordedCase, name: string) {
  return async (place: Place) => {
    const release = Number(/foo-1\.0-(\d+)\.fc/.exec(recorded.stdout)?.[1] ?? 4);
    const files = name.includes('gating') ? { 'gating.yaml': GATING } : {};
    const clone = await makeWorld(place, { release, files });
    await CASES[name]?.(clone, place);
    const cwd =
      CASES[name] === otherFolder || name === 'build-remote-ahead-not-fetched' ? `${clone}2` : clone;
    return { cwd, env: { KRB5CCNAME: `FILE:${join(place.dir, 'no-cache')}` } };
  };
}

describe('fedpkg 1.70', () => {
  test.each(Object.keys(CASES))('%s is answered and asked as by the real client', async (name) => {
    const recorded = readCase('fedpkg', '1.70', name);
    const { expected, actual } = await replay(recorded, {
      prepare: prepareFor(recorded, name),
      payload: TARBALL,
      interrupt: name.endsWith('sigint'),
    });
    // The git server is a folder here: its requests are git's own affair.
    const requests = expected.requests.filter(
      (request) => !(request as { path: string }).path.includes('.git/'),
    );
    expect(actual).toEqual({ ...expected, requests });
  });
});
