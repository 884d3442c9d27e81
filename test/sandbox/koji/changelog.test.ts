import { expect, test } from 'vitest';
import { readChangelog } from '../../../src/sandbox/koji/changelog.ts';
import { commitOf, hubWith, specOf, until } from './hub.ts';

const PACKAGE = 'dummy-test-package-gloster';
const COMMIT = 'a'.repeat(40);
const CHANGELOG = `* Tue Oct 07 2025 Alice <alice@example.org> - 1.0-2
- Second
- And more

* Mon Oct 06 2025 Bob <bob@example.org> - 1.0-1
- First
`;

test('the entries of a changelog stand at noon of their day, newest first', () => {
  expect(readChangelog(`%files\n\n%changelog\n${CHANGELOG}`)).toEqual([
    { time: 1759838400, author: 'Alice <alice@example.org> - 1.0-2', text: '- Second\n- And more' },
    { time: 1759752000, author: 'Bob <bob@example.org> - 1.0-1', text: '- First' },
  ]);
});

test('a build tells the changelog of its spec, an unknown build tells none', async () => {
  await using hub = await hubWith({ files: commitOf(PACKAGE, COMMIT, specOf(PACKAGE) + CHANGELOG) });
  const session = await hub.login('packprobe', 'sandbox');
  const source = `git+https://src.example.org/rpms/${PACKAGE}.git#${COMMIT}`;
  const task = await hub.call('build', [source, 'rawhide'], session);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
  const asked = { author: 'Bob <bob@example.org> - 1.0-1', __starstar: true };
  expect(await hub.call('getChangelogEntries', [`${PACKAGE}-1.0-1.fc45`, asked])).toEqual([
    {
      date: '2025-10-06 12:00:00',
      date_ts: 1759752000,
      author: 'Bob <bob@example.org> - 1.0-1',
      text: '- First',
    },
  ]);
  expect(await hub.call('getChangelogEntries', ['nothing-1-1'])).toEqual([]);
});
