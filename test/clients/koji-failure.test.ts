import { expect, test } from 'vitest';
import { buildFault, logsOf } from '../../src/clients/koji-failure.ts';

const more = 'for more information';

test.each([
  [
    `error building package (arch x86_64), mock exited with status 1; see build.log ${more}`,
    'prober',
    'own',
    'BUILD_BROKEN_BY_PACKAGE',
  ],
  [
    `error building package (arch aarch64), mock exited with status 1; see build.log or root.log ${more}`,
    'prober',
    'own',
    'BUILD_BROKEN_BY_PACKAGE',
  ],
  [
    `error building package (arch i686), mock exited with status 10; see build.log ${more}`,
    'prober',
    'own',
    'BUILD_BROKEN_BY_PACKAGE',
  ],
  [
    `error building srpm, mock exited with status 1; see build.log ${more}`,
    'prober',
    'own',
    'BUILD_BROKEN_BY_PACKAGE',
  ],
  ['No spec file found', 'prober', 'own', 'BUILD_BROKEN_BY_PACKAGE'],
  ["Build already exists (id=3, state=COMPLETE): {'name': 'hello'}", 'prober', 'own', 'BUILD_ALREADY_EXISTS'],
  [
    `error building package (arch s390x), mock exited with status 30; see root.log ${more}`,
    'rejected',
    'koji',
    'BUILD_BROKEN_BY_BUILDER',
  ],
  [
    `error building package (arch s390x), mock exited with status 100; see root.log ${more}`,
    'rejected',
    'koji',
    'BUILD_BROKEN_BY_BUILDER',
  ],
  [
    `error building package (arch x86_64), mock was killed by signal 9; see root.log ${more}`,
    'rejected',
    'koji',
    'BUILD_BROKEN_BY_BUILDER',
  ],
  [
    `could not init mock buildroot, mock exited with status 30; see root.log ${more}`,
    'rejected',
    'koji',
    'BUILD_BROKEN_BY_BUILDER',
  ],
  [
    'Error running GIT command "git clone -n https://x y", see checkout.log for details',
    'rejected',
    'dist-git',
    'BUILD_NOT_CLONED',
  ],
  [
    `error retrieving sources, mock exited with status 1; see build.log`,
    'rejected',
    'lookaside',
    'BUILD_SOURCES_NOT_FETCHED',
  ],
  ['policy violation (build_rpm): denied', 'rejected', 'koji', 'BUILD_REFUSED'],
  ['Requested repo (9) is DELETED', 'rejected', 'koji', 'BUILD_FAILED'],
  ['', 'rejected', 'koji', 'BUILD_FAILED'],
] as const)('%s', (text, kind, system, code) => {
  expect(buildFault({ task_id: 7, text })).toMatchObject({ kind, system, code });
});

test('a full disk in the log is the builder’s, whatever status mock left with', () => {
  const text = `error building package (arch x86_64), mock exited with status 1; see build.log ${more}`;
  const fault = buildFault({ task_id: 7, text, log: 'error: write failed: No space left on device' });
  expect(fault).toMatchObject({ kind: 'rejected', system: 'koji', code: 'BUILD_BROKEN_BY_BUILDER' });
});

const signal = new AbortController().signal;
const hub = (logs: Readonly<Record<string, string>>) => ({
  logTail: async (_task: number, name: string) => {
    const log = logs[name];
    if (log === undefined) throw new Error(`no ${name}`);
    return log;
  },
});

test.each([
  [`could not init mock buildroot, mock exited with status 30; see root.log ${more}`, 'root\n'],
  [`error building package (arch x86_64), mock exited with status 10; see build.log ${more}`, 'build\n'],
  [
    `error building package (arch x86_64), mock exited with status 1; see build.log or root.log ${more}`,
    'root\n\nbuild\n',
  ],
  ['No spec file found', 'build\n'],
])('the logs that are read are those that the text names: %s', async (text, expected) => {
  const logs = { 'root.log': 'root\n', 'build.log': 'build\n' };
  expect(await logsOf({ hub: hub(logs), id: 3, text }, signal)).toBe(expected);
});

test('a log that cannot be read is left out, and a full disk in the other one is still the builder’s', async () => {
  const text = `error building package (arch noarch), mock exited with status 1; see build.log or root.log ${more}`;
  const log = await logsOf(
    { hub: hub({ 'root.log': 'cpio: write failed - No space left on device' }), id: 3, text },
    signal,
  );
  expect(buildFault({ task_id: 1, text, log })).toMatchObject({
    code: 'BUILD_BROKEN_BY_BUILDER',
    system: 'koji',
  });
});
