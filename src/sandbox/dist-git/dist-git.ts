import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { DistGitPort, Kit, OpenSystem } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import { answerByBackend } from './backend.ts';
import { capabilities } from './capabilities.ts';
import { tryGit } from './git.ts';
import { kept } from './kept.ts';
import { commitPage, notFoundPage, packagePage } from './pages.ts';
import { publishPush, readBranches } from './pushed.ts';
import { makeRepositories } from './repositories.ts';

/** Dist-git of the sandbox: `openDistGit` gives it. */
export interface DistGit extends OpenSystem {
  readonly port: DistGitPort;
  /** Whole message of a commit; undefined when there is none. Package without namespace. */
  messageOf(pkg: string, commit: string): Promise<string | undefined>;
  /** The commit at which a branch stands, or the whole of a shortened commit. */
  resolve(pkg: string, ref: string): Promise<string | undefined>;
  /** What git prints about a package's repository; undefined where it fails. */
  askGit(pkg: string, args: readonly string[]): Promise<string | undefined>;
}

/** Paths that git itself asks for; all else are pages for people and programs. */
const GIT_PATHS = /^(info\/refs|git-upload-pack|git-receive-pack|HEAD|objects\/.+)$/;
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;
const HASH = /^[0-9a-f]{40}$/;

/** Package sources over git's smart HTTP, below `URL/rpms/NAME`, with and without `.git`. */
export async function openDistGit(kit: Kit): Promise<DistGit> {
  const root = await makeRepositories(kit);
  const packages = new Set(kit.world.packages.map((pkg) => pkg.name));
  const pushes = new Map<string, Promise<void>>();
  const server = systemServer(kit, 'dist-git', (request) => /git-[a-z]+-pack/.exec(request.url)?.[0]);
  const repositoryOf = (pkg: string) => join(root, 'rpms', `${pkg}.git`);
  const answerWhatItCan = capabilities();
  const keptFile = kept<string>();
  const keptBranches = kept<string>();
  let url = '';

  async function readFile(pkg: string, commit: string, path: string): Promise<string | undefined> {
    if (!packages.has(pkg) || !REVISION.test(commit)) return undefined;
    const ask = () => tryGit(repositoryOf(pkg), ['cat-file', 'blob', `${commit}:${path}`]);
    return HASH.test(commit) ? keptFile(`${pkg} ${commit} ${path}`, ask) : ask();
  }

  /** The branches that have a commit: nobody may push it away again. */
  async function branchesWith(pkg: string, commit: string): Promise<string | undefined> {
    const ask = async () => {
      const args = ['branch', '--list', '--contains', `${commit}^{commit}`];
      return (await tryGit(repositoryOf(pkg), args))?.trim() || undefined;
    };
    return HASH.test(commit) ? keptBranches(`${pkg} ${commit}`, ask) : ask();
  }

  /** One push at a time and repository: what changed is read from the refs before and after. */
  function push(pkg: string, agent: string, act: () => Promise<void>): Promise<void> {
    const turn = (pushes.get(pkg) ?? Promise.resolve()).then(async () => {
      const repository = repositoryOf(pkg);
      const before = await readBranches(repository);
      await act();
      const after = await readBranches(repository);
      await publishPush({ kit, repository, pkg, url, agent, before, after });
    });
    pushes.set(
      pkg,
      turn.catch((error: unknown) => kit.trouble(`a push to ${pkg}`, error)),
    );
    return turn;
  }

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { name = '', '*': rest = '' } = request.params as { name?: string; '*'?: string };
    const pkg = name.replace(/\.git$/, '');
    if (!packages.has(pkg)) return notFound(reply);
    if (GIT_PATHS.test(rest)) {
      const user = userOf(request) ?? kit.world.packager;
      const path = `/rpms/${pkg}.git/${rest}`;
      if (await answerWhatItCan(request, reply, repositoryOf(pkg))) return reply;
      const act = () => answerByBackend(request, reply, { root, path, user });
      if (rest === 'git-receive-pack') await push(pkg, user, act);
      else await act();
      return reply;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') return notFound(reply);
    const [kind, commit = ''] = rest.split('/');
    if (kind === 'raw') {
      const [, revision = '', path = ''] = /^raw\/(.+?)\/f\/(.+)$/.exec(rest) ?? [];
      const content = await readFile(pkg, revision, path);
      return content === undefined ? notFound(reply) : reply.type('text/plain; charset=utf-8').send(content);
    }
    if (kind === 'c' && REVISION.test(commit)) {
      const shown = await tryGit(repositoryOf(pkg), ['show', `${commit}^{commit}`, '--']);
      if (shown !== undefined) {
        return reply.type('text/html; charset=utf-8').send(commitPage(pkg, commit, shown));
      }
    }
    if (rest === '') {
      const branches = await readBranches(repositoryOf(pkg));
      return reply.type('text/html; charset=utf-8').send(packagePage(pkg, url, branches));
    }
    return notFound(reply);
  }

  // The body of a push is for git alone: it goes through as it comes.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.setNotFoundHandler((_request, reply) => notFound(reply));
  server.route({
    method: ['GET', 'POST'],
    url: '/rpms/:name',
    handler: answer,
  });
  server.route({
    method: ['GET', 'POST'],
    url: '/rpms/:name/*',
    handler: answer,
  });
  const open = await listen(server);
  url = open.url;

  return {
    url,
    async close() {
      await open.close();
      await Promise.all(pushes.values());
    },
    messageOf: async (pkg, commit) =>
      packages.has(pkg) && REVISION.test(commit)
        ? tryGit(repositoryOf(pkg), ['show', '-s', '--format=%B', `${commit}^{commit}`, '--'])
        : undefined,
    async resolve(pkg, ref) {
      if (!packages.has(pkg) || !REVISION.test(ref)) return undefined;
      const found = await tryGit(repositoryOf(pkg), ['rev-parse', '--quiet', '--verify', `${ref}^{commit}`]);
      return found?.trim();
    },
    askGit: async (pkg, args) => (packages.has(pkg) ? tryGit(repositoryOf(pkg), args) : undefined),
    port: {
      readFile,
      has: (pkg) => packages.has(pkg),
      async isOnBranch(pkg, commit) {
        if (!packages.has(pkg) || !REVISION.test(commit)) return false;
        return (await branchesWith(pkg, commit)) !== undefined;
      },
    },
  };
}

/** The user of Basic authentication; the sandbox lets everybody in and only wants to know who it was. */
function userOf(request: FastifyRequest): string | undefined {
  const [, encoded = ''] = /^Basic (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const [user] = Buffer.from(encoded, 'base64').toString().split(':');
  return user === '' ? undefined : user;
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).type('text/html; charset=utf-8').send(notFoundPage());
}
