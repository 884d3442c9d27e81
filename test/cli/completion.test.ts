import { describe, expect, test } from 'vitest';
import type { Host } from '../../src/cli/host.ts';
import { main } from '../../src/cli/program.ts';

interface World {
  /** Files that are there. */
  readonly files?: readonly string[];
  readonly folders?: Readonly<Record<string, readonly string[]>>;
  readonly runs?: readonly { readonly run_id: string; readonly outcome: string | null }[];
}

/** What is offered for the last word, as `text` or `text: what is said of it`. */
async function offered(words: readonly string[], { files = [], folders = {}, runs = [] }: World = {}) {
  const opened: string[] = [];
  const written: string[] = [];
  const output = { write: (part: string) => void written.push(part), colours: false, isTerminal: false };
  const host = {
    version: '1',
    env: { HOME: '/home/me' },
    cwd: '/work',
    packageDir: '/pkg/',
    stdout: output,
    stderr: output,
    exists: async (file: string) => files.includes(file),
    listFiles: async (dir: string) => folders[dir] ?? Promise.reject(new Error('ENOENT')),
    sandboxFaults: async () => [
      { name: 'koji:cut', says: 'Koji hangs up. Twice.' },
      { name: 'koji:http-500', says: 'Koji is broken' },
      { name: 'bodhi:down', says: 'Bodhi is away' },
    ],
    async openStore(file: string) {
      opened.push(file);
      const rows = runs.map((run) => ({ probe: 'single-build', ...run }));
      return {
        list: async ({ limit }: { readonly limit: number }) => rows.slice(0, limit),
        [Symbol.asyncDispose]: async () => {},
      };
    },
  } as unknown as Host;
  expect(await main(['__complete', '--', ...words], host)).toBe(0);
  const lines = written
    .join('')
    .split('\n')
    .filter((line) => line !== '');
  return {
    lines: lines.map((line) => line.replace('\t', ': ')),
    texts: lines.map((line) => line.split('\t')[0]),
    opened,
  };
}

const texts = async (words: readonly string[], world?: World) => (await offered(words, world)).texts;

describe('commands and options', () => {
  test('come from the tree of commands, with what they say of themselves', async () => {
    const { lines } = await offered(['run']);
    expect(lines).toEqual(['run: one run of a probe in the foreground', 'runs: history']);
  });

  test('what is hidden is not offered', async () => {
    expect(await texts([''])).not.toContain('__complete');
    expect(await texts(['sandbox', '--'])).not.toContain('--child');
  });

  test('a command below a command is offered behind it, and nothing of its neighbours', async () => {
    expect(await texts(['runs', ''])).toEqual(['list', 'show', 'cancel', 'resume', 'help']);
  });

  test('options are those of the command, with the help that every command has', async () => {
    const options = await texts(['runs', 'list', '--']);
    expect(options).toEqual(expect.arrayContaining(['--outcome', '--data', '--help']));
    expect(options).not.toContain('--junit');
  });

  test('choices are those that the option itself takes', async () => {
    expect(await texts(['run', '--clients', ''])).toEqual(['real', 'stand-ins', 'auto']);
    expect(await texts(['run', '--clients=r'])).toEqual(['--clients=real']);
    expect(await texts(['completion', ''])).toEqual(['bash', 'zsh', 'fish']);
    expect(await texts(['schema', 'p'])).toEqual(['probe', 'procedures']);
  });

  test('behind -- there are no options', async () => {
    expect(await texts(['backup', '--', '--'])).toEqual([':files']);
  });

  test('an option that takes nothing leaves the place to the argument', async () => {
    const folders = { '/pkg/probes': ['single-build.yaml'] };
    expect(await texts(['run', '--json', ''], { folders })).toEqual(['single-build']);
  });
});

describe('names', () => {
  const folders = {
    '/work/config/environments': ['mine.yaml'],
    '/pkg/config/environments': ['fedora.yaml', 'README.md'],
    '/etc/mine/environments': ['ours.yaml'],
  };

  test('of environments are those that a run would find, and the sandbox', async () => {
    expect(await texts(['run', 'x', '--env', ''], { folders })).toEqual(['sandbox', 'fedora', 'mine']);
    const words = ['run', '--config', '/etc/mine/packprobe.yaml', '--env', 'o'];
    expect(await texts(words, { folders })).toEqual(['ours']);
  });

  test('where none fits, a path may be meant', async () => {
    expect(await texts(['run', '--env', './'], { folders })).toEqual([':files']);
    expect(await texts(['run', '--junit', ''])).toEqual([':files']);
  });

  test('of faults are told with what they break', async () => {
    expect((await offered(['run', '--fault', 'koji:'])).lines).toEqual([
      'koji:cut: Koji hangs up',
      'koji:http-500: Koji is broken',
    ]);
    expect(await texts(['sandbox', 'fault', 'on', 'koji:cut', 'b'])).toEqual(['bodhi:down']);
  });
});

describe('runs', () => {
  const files = ['/data/packprobe.db'];
  const id = (beginning: string) => `${beginning}-7000-8000-000000000001`;

  test('are offered as short as tells them apart, newest first', async () => {
    const runs = [
      { run_id: id('019a9000-1111'), outcome: null },
      { run_id: id('019a9000-1222'), outcome: 'failed' },
      { run_id: id('019a8fff-0000'), outcome: 'passed' },
    ];
    const { lines } = await offered(['runs', 'show', '--data', '/data', ''], { files, runs });
    expect(lines).toEqual([
      '019a9000-11: single-build unfinished',
      '019a9000-12: single-build failed',
      '019a8fff: single-build passed',
    ]);
    expect(await texts(['runs', 'show', '--data=/data', '019a9000-122'], { files, runs })).toEqual([
      '019a9000-122',
    ]);
  });

  test('are twenty at most', async () => {
    const runs = Array.from({ length: 30 }, (_, at) => ({
      run_id: id(`019a90${10 + at}-0000`),
      outcome: 'passed',
    }));
    expect(await texts(['tidy', '--data', '/data', ''], { files, runs })).toHaveLength(20);
  });

  test('where there is no store are none, and none is made', async () => {
    expect(await offered(['runs', 'show', ''])).toMatchObject({ lines: [], opened: [] });
  });
});

test('what goes wrong is not told behind a tab key', async () => {
  const runs = [null as never];
  expect(
    await texts(['runs', 'show', '--data', '/data', ''], { files: ['/data/packprobe.db'], runs }),
  ).toEqual([]);
  expect(await texts(['no-such-command', '--no-such-option', 'x', ''])).toEqual([]);
});
