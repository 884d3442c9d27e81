import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstTarball } from '../../../src/sandbox/kit/tarball.ts';
import { openLookaside } from '../../../src/sandbox/lookaside/lookaside.ts';
import { type TestKit, testKit } from '../kit/test-kit.ts';

const PKG = 'dummy-test-package-gloster';
const FILE = `${PKG}.tar.gz`;

async function opened(kit: TestKit) {
  const lookaside = await openLookaside(kit, { has: (pkg) => pkg.startsWith('dummy-') });
  const post = async (fields: [string, string | Blob, string?][], headers: Record<string, string> = {}) => {
    const body = new FormData();
    for (const [name, value, filename] of fields) {
      if (typeof value === 'string') body.append(name, value);
      else body.append(name, value, filename);
    }
    const answer = await fetch(`${lookaside.url}/repo/pkgs/upload.cgi`, { method: 'POST', body, headers });
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  return { ...lookaside, post, [Symbol.asyncDispose]: () => lookaside.close() };
}

const sha512 = (bytes: Uint8Array) => createHash('sha512').update(bytes).digest('hex');

test('a file is missing, then stored, then available, and comes back as it was', async () => {
  await using kit = await testKit();
  await using lookaside = await opened(kit);
  const bytes = randomBytes(2_500_000);
  const hash = sha512(bytes);
  const check = () =>
    lookaside.post([
      ['name', `rpms/${PKG}`],
      ['sha512sum', hash],
      ['filename', FILE],
    ]);
  const upload = () =>
    lookaside.post([
      ['name', `rpms/${PKG}`],
      ['sha512sum', hash],
      ['file', new Blob([bytes]), FILE],
      ['mtime', '1790000000'],
    ]);
  expect(await check()).toEqual({ status: 200, type: 'text/plain', text: 'Missing\n' });
  expect(await upload()).toMatchObject({
    status: 200,
    text: `File ${FILE} size 2500000 SHA512 ${hash} stored OK\n`,
  });
  expect(await check()).toMatchObject({ text: 'Available\n' });
  expect((await upload()).text).toBe(
    `File ${FILE} already exists\nFile: /srv/cache/lookaside/pkgs/rpms/${PKG}/${FILE}/sha512/${hash}/${FILE} Size: 2500000\n`,
  );
  expect(lookaside.port.has(PKG, FILE, hash)).toBe(true);

  const address = `${lookaside.url}/repo/pkgs/rpms/${PKG}/${FILE}/sha512/${hash}/${FILE}`;
  const head = await fetch(address, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.headers.get('content-length')).toBe('2500000');
  expect(head.headers.get('last-modified')).toBe(new Date(1790000000_000).toUTCString());
  expect(sha512(new Uint8Array(await (await fetch(address)).arrayBuffer()))).toBe(hash);
  expect((await fetch(address.replace(hash, 'f'.repeat(128)))).status).toBe(404);

  expect(kit.archive).toHaveLength(1);
  expect(kit.archive[0]).toMatchObject({
    topic: 'org.fedoraproject.sandbox.git.lookaside.new',
    body: {
      name: `rpms/${PKG}`,
      md5sum: hash,
      filename: FILE,
      agent: 'packprobe',
      path: `rpms/${PKG}/${FILE}/sha512/${hash}/${FILE}`,
    },
  });
  expect((await readdir(join(kit.dir, 'lookaside'))).sort()).toEqual(['rpms']);
});

test('the first tarball of every package is there from the start', async () => {
  await using kit = await testKit();
  await using lookaside = await opened(kit);
  for (const { name } of kit.world.packages) {
    const tarball = firstTarball(name);
    expect(lookaside.port.has(name, tarball.file, tarball.sha512)).toBe(true);
  }
});

const HASH = 'ab'.repeat(64);
const blob = new Blob(['content']);

test.each<[string, [string, string | Blob, string?][], number, string]>([
  ['no name', [['sha512sum', HASH]], 400, 'Required field "name" is not present.'],
  [
    'two names',
    [
      ['name', PKG],
      ['name', PKG],
    ],
    400,
    'Multiple values given for "name". Aborting.',
  ],
  ['no checksum', [['name', PKG]], 400, 'Required checksum is not present'],
  [
    'no file',
    [
      ['name', PKG],
      ['sha512sum', HASH],
    ],
    400,
    'Required field "file" is not present.',
  ],
  [
    'an unknown package',
    [
      ['name', 'foo'],
      ['sha512sum', HASH],
      ['filename', 'foo.tar.gz'],
    ],
    404,
    'Module "rpms/foo" does not exist!',
  ],
  [
    'a path out of the store',
    [
      ['name', '../../etc'],
      ['sha512sum', HASH],
      ['filename', 'x'],
    ],
    404,
    'Module "../../etc" does not exist!',
  ],
  [
    'only md5',
    [
      ['name', PKG],
      ['md5sum', 'ab'.repeat(16)],
      ['file', blob, 'x.tar.gz'],
    ],
    406,
    'Uploads with md5 are no longer allowed.',
  ],
  [
    'a wrong time',
    [
      ['name', PKG],
      ['sha512sum', HASH],
      ['file', blob, 'x.tar.gz'],
      ['mtime', 'noon'],
    ],
    400,
    'Invalid value sent for mtime "noon". Aborting.',
  ],
  [
    'another hash than the content has',
    [
      ['name', PKG],
      ['sha512sum', HASH],
      ['file', blob, 'x.tar.gz'],
    ],
    400,
    `SHA512 check failed. Received ${sha512(Buffer.from('content'))} instead of ${HASH}.`,
  ],
])('%s is refused with the text of the script', async (_case, fields, status, text) => {
  await using kit = await testKit();
  await using lookaside = await opened(kit);
  expect(await lookaside.post(fields)).toMatchObject({ status, text: `${text}\n` });
  expect(kit.archive).toEqual([]);
});

test('filename and file together are a check', async () => {
  await using kit = await testKit();
  await using lookaside = await opened(kit);
  const answer = await lookaside.post([
    ['name', PKG],
    ['sha512sum', HASH],
    ['filename', 'x.tar.gz'],
    ['file', blob, 'x.tar.gz'],
  ]);
  expect(answer.text).toBe('Missing\n');
});

test('a user outside the packager group is refused', async () => {
  await using kit = await testKit();
  await using lookaside = await opened(kit);
  const authorization = `Basic ${Buffer.from('autopen:sandbox').toString('base64')}`;
  expect(await lookaside.post([['name', PKG]], { authorization })).toMatchObject({
    status: 403,
    text: 'You must connect with a valid certificate and be in the packager group to upload.\n',
  });
});
