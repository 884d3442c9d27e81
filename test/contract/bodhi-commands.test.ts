import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { standIns } from '../../src/sandbox/stand-ins/stand-ins.ts';
import { openHouse } from '../sandbox/bodhi/house.ts';
import { Replay, recording } from '../sandbox/bodhi/replay.ts';

interface Command {
  readonly command: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Lines were cut at this column. */
const COLUMNS = 400;

const ALIAS = /FEDORA-\d{4}-[0-9a-f]{10}/g;

/** Of long outputs only the first lines were written down. */
const CUT = /waive .*--test|releases info|request .*revoke|query --mine/;

/** Updates that were pending before the first command, oldest first; the last ones are shown by their names. */
const PENDING = [
  ...Array.from({ length: 45 }, (_, count) => `p${String(count).padStart(2, '0')}-1-1.fc43`),
  'q03-1-1.fc43',
  'q04-1-1.fc43',
  'rush-1-1.fc43',
  'rye-1-1.fc43',
  'rape-1-1.fc43',
];

/** A text without what differs from run to run. */
function plain(text: string): string {
  return text
    .replace(ALIAS, 'ALIAS')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'BODHI')
    .split('\n')
    .map((line) => line.slice(0, COLUMNS))
    .join('\n');
}

/** Splits as a shell would have: the recorded lines have no quotes, but their texts are known. */
function argumentsOf(command: string): string[] {
  const texts = ['from the real client', 'edited notes', 'a comment'];
  const marked = texts.reduce((line, text) => line.replace(text, text.replaceAll(' ', '\u0000')), command);
  return marked
    .split(' ')
    .slice(1)
    .map((word) => word.replaceAll('\u0000', ' '));
}

afterEach(() => {
  vi.useRealTimers();
});

test('the command and the sandbox together say what the real command said to the real Bodhi', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'bodhi-commands-'));
  await using house = await openHouse();
  try {
    const { bodhi, clock, gating, koji } = house;
    // The command counts days by the clock of its own host: on the day of the recording.
    vi.useFakeTimers({ now: clock.now(), toFake: ['Date'] });
    for (const nvr of ['cli-1-1.fc43', 'clilib-1-1.fc43']) koji.add(nvr, { tags: ['f43-updates-candidate'] });
    gating.required.set('cli-1-1.fc43', [
      { testcase: 'fedora-ci.koji-build.tier0.functional', state: 'failed' },
      { testcase: 'other.test', state: 'missing' },
    ]);
    const packager = await new Replay(house).browserOf('packager1');
    for (const nvr of PENDING) {
      koji.add(nvr, { tags: ['f43-updates-candidate'] });
      const bug = { 'q03-1-1.fc43': '2400003' }[nvr] ?? '';
      const bugs = bug === '' ? {} : { bugs: bug };
      await packager.post('/updates/', {
        builds: nvr,
        type: 'bugfix',
        notes: 'nn',
        severity: 'low',
        ...bugs,
      });
      await clock.advance(1000);
    }
    for (const dist of ['fc45', 'fc43']) {
      const nvr = `over-1-1.${dist}`;
      koji.add(nvr, { tags: [`f${dist.slice(2)}-updates-candidate`] });
      await packager.post('/overrides/', { nvr, notes: 'for others', expiration_date: '2026-11-28' });
      await clock.advance(1000);
    }
    const token = { access_token: await packager.token(), expires_at: Date.now() / 1000 + 3600 };
    await mkdir(join(dir, '.config', 'bodhi'), { recursive: true });
    await writeFile(
      join(dir, '.config', 'bodhi', 'client.json'),
      JSON.stringify({ tokens: { [bodhi.idpUrl]: token } }),
    );
    const env = { HOME: dir, BODHI_URL: bodhi.url, BODHI_OPENID_PROVIDER: bodhi.idpUrl };
    let alias = '';
    const played: unknown[] = [];
    const recorded: unknown[] = [];
    for (const line of recording('bodhi/client-26.4.0') as unknown as Command[]) {
      if (line.command === undefined) continue;
      const argv = argumentsOf(line.command).map((word) =>
        word.replace(ALIAS, (one) => (one.endsWith('0000000000') ? one : alias)),
      );
      const { exit, stdout, stderr } = await standIns.bodhi(argv, dir, env);
      if (argv.includes('new')) alias ||= new RegExp(ALIAS.source).exec(stdout)?.[0] ?? '';
      const command = plain(line.command);
      // The token of the test was there before the first command.
      const said = line.stdout.replace(/^Login successful!\n/, '');
      const shown = CUT.test(command)
        ? stdout.split('\n').slice(0, said.trimEnd().split('\n').length).join('\n')
        : stdout;
      played.push({ command, exit, stdout: plain(shown).trimEnd(), stderr: plain(stderr) });
      recorded.push({ command, exit: line.exit, stdout: plain(said).trimEnd(), stderr: plain(line.stderr) });
    }
    expect(recorded.length).toBeGreaterThan(20);
    expect(played).toEqual(recorded);
    expect(house.troubles).toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
