import { posix } from 'node:path';
import type { Kit } from '../kit/kit.ts';
import type { LookasideStore } from './store.ts';
import type { UploadForm } from './upload-form.ts';

/** What the upload script answers: a line of text and a status. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

interface Upload {
  readonly kit: Kit;
  readonly store: LookasideStore;
  readonly has: (pkg: string) => boolean;
  readonly user: string;
}

/** The upload script: a question whether a file is there, or the file itself, told apart by the fields. */
export async function answerUpload(form: UploadForm, upload: Upload): Promise<Answer> {
  try {
    return { status: 200, text: await act(form, upload) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, text: error.message };
  }
}

async function act(form: UploadForm, { kit, store, has, user }: Upload): Promise<string> {
  const account = kit.world.users.find(({ name }) => name === user);
  if (!account?.groups.includes('packager')) {
    throw new Refusal(
      403,
      'You must connect with a valid certificate and be in the packager group to upload.',
    );
  }
  const given = one(form, 'name').replace(/^\/+|\/+$/g, '');
  const name = given.includes('/') ? given : `rpms/${given}`;
  const hashType = ['sha512', 'md5'].find((type) => form.values(`${type}sum`).length > 0);
  if (hashType === undefined) throw new Refusal(400, 'Required checksum is not present');
  const checksum = one(form, `${hashType}sum`);

  const isCheck = form.values('filename').length > 0;
  if (!isCheck && form.file === undefined) {
    throw form.values('file').length > 0
      ? new Refusal(400, 'No file given for upload. Aborting.')
      : new Refusal(400, 'Required field "file" is not present.');
  }
  const filename = posix.basename(isCheck ? one(form, 'filename') : (form.file?.filename ?? ''));
  if (!isCheck && ['', '.', '..'].includes(filename))
    throw new Refusal(400, 'No file given for upload. Aborting.');

  const [namespace, pkg = '', ...deeper] = name.split('/');
  if (namespace !== 'rpms' || deeper.length > 0 || !has(pkg)) {
    throw new Refusal(404, `Module "${name}" does not exist!`);
  }
  const known = hashType === 'sha512' ? store.find(pkg, filename, checksum) : undefined;
  if (isCheck) return known === undefined ? 'Missing' : 'Available';
  if (known !== undefined) {
    return `File ${filename} already exists\nFile: /srv/cache/lookaside/pkgs/${name}/${filename}/sha512/${checksum}/${filename} Size: ${known.size}`;
  }
  if (hashType === 'md5') throw new Refusal(406, 'Uploads with md5 are no longer allowed.');
  const [mtime] = form.values('mtime');
  if (mtime !== undefined && !/^\s*[+-]?\d+(\.\d+)?\s*$/.test(mtime)) {
    throw new Refusal(400, `Invalid value sent for mtime "${mtime}". Aborting.`);
  }
  const { file } = form;
  if (file === undefined) throw new Refusal(400, 'Required field "file" is not present.');
  if (file.sha512 !== checksum) {
    throw new Refusal(400, `SHA512 check failed. Received ${file.sha512} instead of ${checksum}.`);
  }
  await store.adopt({
    pkg,
    file: filename,
    sha512: checksum,
    path: file.path,
    size: file.size,
    modifiedMs: mtime === undefined ? kit.clock.now() : Number(mtime) * 1000,
  });
  kit.publish('git.lookaside.new', {
    name,
    md5sum: checksum,
    filename,
    agent: user,
    path: `${name}/${filename}/sha512/${checksum}/${filename}`,
  });
  return `File ${filename} size ${file.size} SHA512 ${checksum} stored OK`;
}

function one(form: UploadForm, name: string): string {
  const [value, ...more] = form.values(name);
  if (value === undefined) throw new Refusal(400, `Required field "${name}" is not present.`);
  if (more.length > 0) throw new Refusal(400, `Multiple values given for "${name}". Aborting.`);
  return value;
}
