import { execa } from 'execa';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GIT_ENV } from './git.ts';

/** As `git http-backend` writes them. */
const NOT_KEPT = {
  expires: 'Fri, 01 Jan 1980 00:00:00 GMT',
  pragma: 'no-cache',
  'cache-control': 'no-cache, max-age=0, must-revalidate',
};

/**
 * The answer to the first request of each clone and fetch in git's protocol 2. It says what this git can do and names no ref, so that it is the same for
 * all repositories of a dist-git, for as long as that lives: one process instead of one for each clone.
 */
export function capabilities(): (
  request: FastifyRequest,
  reply: FastifyReply,
  repository: string,
) => Promise<boolean> {
  let known: Promise<Buffer | undefined> | undefined;
  return async (request, reply, repository) => {
    const { method, url, headers } = request;
    if (method !== 'GET' || !url.endsWith('/info/refs?service=git-upload-pack')) return false;
    if (headers['git-protocol'] !== 'version=2') return false;
    known ??= ask(repository);
    const said = await known;
    if (said === undefined) {
      known = undefined;
      return false;
    }
    reply.headers(NOT_KEPT).type('application/x-git-upload-pack-advertisement').send(said);
    return true;
  };
}

/** Undefined where git did not say it. */
async function ask(repository: string): Promise<Buffer | undefined> {
  const { failed, stdout } = await execa(
    'git',
    ['upload-pack', '--stateless-rpc', '--advertise-refs', repository],
    {
      env: { ...GIT_ENV, GIT_PROTOCOL: 'version=2' },
      stdin: 'ignore',
      encoding: 'buffer',
      reject: false,
    },
  );
  return failed ? undefined : Buffer.from(stdout);
}
