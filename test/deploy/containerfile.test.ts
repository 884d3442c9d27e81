import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config.ts';
import { ROOT } from '../support/sources.ts';
import { readText } from './manifests.ts';

interface Instruction {
  readonly name: string;
  readonly value: string;
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Instructions in the order of the file, each with its continued lines. */
const instructions: readonly Instruction[] = read('Containerfile')
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .flatMap((line) => {
    const match = /^([A-Z]+)\s+(.*)$/.exec(line);
    return match === null ? [] : [{ name: match[1] ?? '', value: (match[2] ?? '').replace(/\s+/g, ' ') }];
  });

const last = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const inLast = (name: string) => last.filter((each) => each.name === name).map(({ value }) => value);
const ignored = read('.containerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const environment = Object.fromEntries(
  inLast('ENV').flatMap((value) => value.split(' ').map((pair) => pair.split('=') as [string, string])),
);

describe('the Containerfile', () => {
  test('it is read whole: every line belongs to an instruction that exists', () => {
    const known =
      'ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL RUN STOPSIGNAL USER VOLUME WORKDIR'.split(
        ' ',
      );
    for (const { name } of instructions) expect(known).toContain(name);
    expect(instructions.filter(({ name }) => name === 'FROM').map(({ value }) => value)).toEqual([
      '${BASE} AS host',
      'host AS build',
      'host',
    ]);
  });

  test('the base is an argument, with a release of Fedora as its default', () => {
    expect(instructions[0]).toEqual({
      name: 'ARG',
      value: expect.stringMatching(/^BASE=registry\.fedoraproject\.org\/fedora:\d+$/),
    });
  });

  test.each(['ENTRYPOINT', 'CMD'])('%s starts a program, not a shell that would swallow SIGTERM', (name) => {
    const values = inLast(name);
    expect(values).toHaveLength(1);
    for (const value of values)
      expect(JSON.parse(value)).toEqual(expect.arrayContaining([expect.any(String)]));
  });

  test('packprobe serves, unless told otherwise, behind an init that takes in orphans', () => {
    const line = [...inLast('ENTRYPOINT'), ...inLast('CMD')].flatMap(
      (value) => JSON.parse(value) as string[],
    );
    expect(line).toEqual(['tini', '-s', '--', 'packprobe', 'serve']);
    expect(inLast('STOPSIGNAL')).toEqual(['SIGTERM']);
  });

  test('it runs as no root, by number, in the group 0', () => {
    expect(inLast('USER')).toEqual([expect.stringMatching(/^[1-9]\d*:0$/)]);
  });

  test('the volume is the data folder, and nothing else is written to', () => {
    expect(inLast('VOLUME').map((value) => JSON.parse(value))).toEqual([[environment['PACKPROBE_DATA_DIR']]]);
    expect(environment['HOME']).toBe(environment['PACKPROBE_DATA_DIR']);
  });

  test('port, health check and the configuration in the image agree', () => {
    const { host, port } = readConfig('packprobe.yaml', readText('packprobe.yaml')).listen;
    const [check = ''] = inLast('HEALTHCHECK');
    const command = JSON.parse(check.slice(check.indexOf('CMD ') + 4)) as string[];
    expect(host).toBe('0.0.0.0');
    expect(inLast('EXPOSE')).toEqual([String(port)]);
    expect(command.at(-1)).toContain(`http://127.0.0.1:${port}/healthz/ready`);
  });

  test('the health check is a program that Node can read, and says no where nobody answers', () => {
    const [check = ''] = inLast('HEALTHCHECK');
    const [, ...args] = JSON.parse(check.slice(check.indexOf('CMD ') + 4)) as string[];
    // A port that nobody listens on: 1 of loopback.
    const closed = args.map((arg) => arg.replace(/:\d+\/healthz/, ':1/healthz'));
    expect(() => execFileSync(process.execPath, closed, { stdio: 'pipe' })).toThrow(
      expect.objectContaining({ status: 1 }),
    );
  });

  test('it is labelled as the Open Container Initiative asks', () => {
    const labels = inLast('LABEL').join(' ');
    for (const name of ['title', 'description', 'licenses', 'version', 'revision', 'base.name']) {
      expect(labels).toContain(`org.opencontainers.image.${name}=`);
    }
  });

  test('what it copies is there, and is sent to the build', () => {
    const copied = instructions
      .filter(({ name, value }) => name === 'COPY' && !value.startsWith('--from'))
      .flatMap(({ value }) => value.split(' ').slice(0, -1))
      .filter((path) => path !== '.');
    for (const path of copied) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(
        ignored.some((each) => path === each || path.startsWith(`${each}/`)),
        path,
      ).toBe(false);
    }
    expect(copied).not.toEqual([]);
  });

  test('all that the package is made of gets into the image', () => {
    const { files } = JSON.parse(read('package.json')) as { readonly files: readonly string[] };
    const [, copied = ''] =
      /^\s*cp -a (.*) \/image\/opt\/packprobe\/$/m.exec(read('scripts/image/build.sh')) ?? [];
    expect(copied.split(' ')).toEqual(expect.arrayContaining(['package.json', 'node_modules', ...files]));
    for (const file of files) if (file !== 'dist') expect(ignored).not.toContain(file);
  });

  test('neither history, nor what was installed or built here, is sent to the build', () => {
    expect(ignored).toEqual(expect.arrayContaining(['.git', '.clients', 'dist', 'node_modules', 'test']));
  });
});

describe('its scripts', () => {
  test.each(['scripts/image/install.sh', 'scripts/image/build.sh', 'scripts/image/ssh.sh'])(
    '%s is one of sh',
    (file) => {
      execFileSync('sh', ['-n', join(ROOT, file)], { stdio: 'pipe' });
      expect(read(file)).toMatch(/^#!\/bin\/sh\n/);
    },
  );

  test.each(['scripts/image.sh', 'scripts/image-proof.sh'])('%s says how it is used', (file) => {
    const said = execFileSync('bash', [join(ROOT, file), '--help'], { encoding: 'utf8' });
    expect(said).toMatch(new RegExp(`^Usage: ${file} `));
  });

  test('a base without a package manager that is known is refused', () => {
    const install = join(ROOT, 'scripts/image/install.sh');
    const refused = () =>
      execFileSync('/bin/sh', [install, 'runtime'], { env: { PATH: '/nonexistent' }, stdio: 'pipe' });
    expect(refused).toThrow(/has neither dnf nor apt-get/);
  });
});
