import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  payloadHash,
  type RpmFacts,
  readHeader,
  rpmFile,
  signatureHash,
} from '../../../src/sandbox/koji/rpm-file.ts';
import { withTool } from '../../support/tools.ts';

const FACTS: RpmFacts = {
  name: 'hello',
  version: '1',
  release: '2.fc44',
  epoch: 3,
  arch: 'x86_64',
  sourceRpm: 'hello-1-2.fc44.src.rpm',
  buildHost: 'buildvm-x86-01.example.org',
  buildTime: 1_795_000_000,
  fill: 5000,
};

test('the same facts make the same bytes, and others make others', () => {
  expect(rpmFile(FACTS).equals(rpmFile(FACTS))).toBe(true);
  expect(payloadHash(rpmFile({ ...FACTS, release: '3.fc44' }))).not.toBe(payloadHash(rpmFile(FACTS)));
});

test('a signature changes the signature header, and neither header nor payload', () => {
  const signed = rpmFile(FACTS, '31645561');
  expect(payloadHash(signed)).toBe(payloadHash(rpmFile(FACTS)));
  expect(signatureHash(signed)).not.toBe(signatureHash(rpmFile(FACTS)));
  expect(signed.includes(Buffer.from('31645561', 'hex'))).toBe(true);
});

test('what was written is read back, and what is cut off or no package is told so', () => {
  const file = rpmFile(FACTS);
  const header = readHeader(file);
  expect([1000, 1001, 1002, 1003, 1044].map((tag) => header?.get(tag))).toEqual([
    'hello',
    '1',
    '2.fc44',
    [3],
    'hello-1-2.fc44.src.rpm',
  ]);
  expect(header?.get(1117)).toEqual(['hello.bin']);
  for (const length of [0, 3, 96, 200, 400]) expect(readHeader(file.subarray(0, length))).toBeUndefined();
  expect(readHeader(Buffer.alloc(500, 'x'))).toBeUndefined();
  const boasting = Buffer.from(file);
  boasting.fill(0xff, file.indexOf(Buffer.from('8eade801', 'hex'), 200) + 8, 2000);
  expect(readHeader(boasting)).toBeUndefined();
});

/** What the real command says of a file with these facts. */
function asked(facts: RpmFacts, ...args: string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'rpm-file-'));
  try {
    const file = join(dir, 'x.rpm');
    writeFileSync(file, rpmFile(facts));
    const env = { ...process.env, LC_ALL: 'C.UTF-8' };
    return execFileSync('rpm', [...args, file], { encoding: 'utf8', env });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

withTool('rpm', 'the real rpm reads every field', async () => {
  const format =
    '%{NEVRA} %{SOURCERPM} %{BUILDTIME} %{LICENSE} %{BUILDHOST} %{SIGMD5} [%{FILENAMES} %{FILESIZES}]';
  expect(asked(FACTS, '-qp', '--qf', format)).toBe(
    `hello-3:1-2.fc44.x86_64 hello-1-2.fc44.src.rpm 1795000000 MIT buildvm-x86-01.example.org ${payloadHash(rpmFile(FACTS))} /usr/share/doc/hello.bin 5000`,
  );
  const source = { ...FACTS, arch: 'src', sourceRpm: undefined };
  expect(asked(source, '-qp', '--qf', '%{SOURCEPACKAGE} %{NAME}')).toBe('1 hello');
});

withTool('rpm', 'the real rpm finds every digest right', async () => {
  const said = asked(FACTS, '-Kv');
  expect(said.match(/digest: OK/g)).toHaveLength(4);
  expect(said).not.toMatch(/BAD|NOT ?OK/);
});
