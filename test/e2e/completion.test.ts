import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { freshDir, packprobe } from '../support/packprobe.ts';
import { ROOT } from '../support/sources.ts';
import { withTool } from '../support/tools.ts';

const place = freshDir();
afterAll(() => place[Symbol.dispose]());

// As an installed package has it: a command of that name on PATH.
const bin = join(place.dir, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'packprobe'), `#!/bin/sh\nexec ${process.execPath} ${ROOT}/bin/packprobe.js "$@"\n`);
chmodSync(join(bin, 'packprobe'), 0o755);
for (const name of ['some.yaml', 'other.txt']) writeFileSync(join(place.dir, name), '');

const env = {
  PATH: `${bin}:${process.env['PATH']}`,
  HOME: place.dir,
  NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/packprobe-compiled'),
};

/** Runs a script of a shell in a folder with two files; gives the lines that it prints. */
function shell(file: string, args: readonly string[]): readonly string[] {
  const text = execFileSync(file, [...args], { cwd: place.dir, env, encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '');
}

describe('bash', () => {
  // Bash itself cuts the words of a line where COMP_WORDBREAKS says; the function reads the line alone.
  const reply = (line: string, before = '') =>
    shell('bash', [
      '--norc',
      '-c',
      `${before}\nsource <(packprobe completion bash)\nCOMP_LINE='${line}' COMP_POINT=\${#COMP_LINE} COMP_WORDS=(packprobe)\n_packprobe\nprintf '%s\\n' "\${COMPREPLY[@]}"`,
    ]);

  test('is told of the function, for the command of that name', () => {
    const said = shell('bash', [
      '--norc',
      '-c',
      'source <(packprobe completion bash); complete -p packprobe',
    ]);
    expect(said.join()).toMatch(/-F _packprobe packprobe$/);
  });

  test.each([
    ['packprobe ru', ['run', 'runs']],
    ['packprobe runs list --outcome f', ['failed']],
    ['packprobe run --env fedora-', ['fedora-staging']],
    ['packprobe run si', ['single-build']],
    // What stands before the last : or = is on the line already.
    ['packprobe run --env=fedora-', ['fedora-staging']],
    ['packprobe run --fault koji:http-50', ['http-500', 'http-502', 'http-503']],
    ['packprobe run --junit so', ['some.yaml']],
    ['packprobe run ./so', ['./some.yaml']],
    ['packprobe nothing --of-it ', []],
  ])('%s<tab> offers %j', (line, expected) => {
    expect(reply(line)).toEqual(expected);
  });

  test('gives whole words where colons do not cut them', () => {
    expect(reply('packprobe run --fault koji:http-503', 'COMP_WORDBREAKS=" "')).toEqual(['koji:http-503']);
  });
});

describe('zsh', () => {
  // The functions of its completion system that ours calls, as far as they tell what they are given.
  const stubs = `compdef() { print -r -- "compdef $*" }
_describe() { print -rl -- "\${(@P)3}" }
_files() { print -r -- ':files' }`;
  const script = join(place.dir, '_packprobe');

  withTool('zsh', 'offers what packprobe says, colons escaped and descriptions behind them', async () => {
    writeFileSync(script, (await packprobe(['completion', 'zsh'])).stdout);
    expect(shell('zsh', ['-n', script])).toEqual([]);
    const lines = (words: string, current: number, prefix: string) =>
      shell('zsh', [
        '-f',
        '-c',
        `${stubs}\nsource ${script}\nwords=(${words}) CURRENT=${current} PREFIX=${prefix}\n_packprobe`,
      ]);
    expect(lines('packprobe ru', 2, 'ru')).toEqual([
      'compdef _packprobe packprobe',
      'run:one run of a probe in the foreground',
      'runs:history',
    ]);
    expect(lines('packprobe run --fault koji:http-503', 4, 'koji:http-503')[1]).toMatch(
      /^koji\\:http-503:The/,
    );
    expect(lines("packprobe run ''", 3, "''")).toEqual(
      expect.arrayContaining(['scratch-build', 'single-build']),
    );
    expect(lines('packprobe run ./s', 3, './s')[1]).toBe(':files');
  });
});

describe('fish', () => {
  withTool('fish', 'offers what packprobe says, and paths where they fit', async () => {
    const complete = (line: string) =>
      shell('fish', ['--no-config', '-c', `packprobe completion fish | source; complete -C '${line}'`]);
    expect(complete('packprobe ru')).toEqual(['run\tone run of a probe in the foreground', 'runs\thistory']);
    expect(complete('packprobe run --env=fedora-')).toEqual(['--env=fedora-staging']);
    expect(complete('packprobe run --fault koji:http-503')[0]).toMatch(/^koji:http-503\tThe Koji hub/);
    expect(complete('packprobe run ./so')).toEqual(['./some.yaml']);
  });
});

test('the help of completion says how to install it in each shell', async () => {
  const { stdout } = await packprobe(['completion', '--help']);
  for (const words of ['~/.bashrc', '_packprobe"', '~/.config/fish/completions/packprobe.fish']) {
    expect(stdout).toContain(words);
  }
  expect(await packprobe(['completion', 'tcsh'])).toMatchObject({ code: 2, stdout: '' });
});
