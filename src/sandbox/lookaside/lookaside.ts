import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kit, LookasidePort, OpenSystem } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import { firstTarball } from '../kit/tarball.ts';
import { lookasideStore } from './store.ts';
import { answerUpload } from './upload.ts';
import { readUploadForm } from './upload-form.ts';

/** The lookaside of the sandbox: `openLookaside` gives it. */
export interface Lookaside extends OpenSystem {
  readonly port: LookasidePort;
  /** Puts a file there without the form and without a message; gives its SHA512. */
  store(pkg: string, file: string, bytes: Uint8Array): Promise<string>;
}

/** The upload form at `URL/repo/pkgs/upload.cgi` and the downloads below `URL/repo/pkgs/rpms/`. The first tarballs of the world's packages are there. */
export async function openLookaside(
  kit: Kit,
  { has }: { has: (pkg: string) => boolean },
): Promise<Lookaside> {
  const dir = join(kit.dir, 'lookaside');
  await mkdir(dir, { recursive: true });
  const files = lookasideStore(dir);
  for (const pkg of kit.world.packages) {
    const { file, bytes } = firstTarball(pkg.name);
    await files.store(pkg.name, file, bytes, kit.clock.epoch);
  }

  const server = systemServer(kit, 'lookaside', (request) =>
    request.method === 'POST' ? 'upload' : 'download',
  );
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.setNotFoundHandler((_request, reply) => notFound(reply));
  server.setErrorHandler((error, _request, reply) =>
    reply
      .code(500)
      .type('text/plain')
      .send(`${String(error instanceof Error ? error.message : error)}\n`),
  );

  server.post('/repo/pkgs/upload.cgi', async (request, reply) => {
    await using form = await readUploadForm(request, dir);
    const user = userOf(request) ?? kit.world.packager;
    const { status, text } = await answerUpload(form, { kit, store: files, has, user });
    return reply.code(status).type('text/plain').send(`${text}\n`);
  });

  function download(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { pkg = '', file = '', hash = '', again = '' } = request.params as Record<string, string>;
    const found = file === again ? files.find(pkg, file, hash) : undefined;
    if (found === undefined) return notFound(reply);
    reply
      .type('application/x-gzip')
      .header('content-length', found.size)
      .header('last-modified', new Date(found.modifiedMs).toUTCString())
      .header('accept-ranges', 'none');
    return request.method === 'HEAD' ? reply.send() : reply.send(createReadStream(found.path));
  }
  for (const root of ['/repo/pkgs', '/lookaside/pkgs']) {
    server.route({
      method: ['GET', 'HEAD'],
      url: `${root}/rpms/:pkg/:file/sha512/:hash/:again`,
      handler: download,
    });
  }

  const open = await listen(server);
  return {
    ...open,
    store: (pkg, file, bytes) => files.store(pkg, file, bytes, kit.clock.now()),
    port: { has: (pkg, file, sha512) => files.find(pkg, file, sha512) !== undefined },
  };
}

/** Fedora's web server demands a ticket here; the sandbox lets everybody in and takes the name that came, if one came. */
function userOf(request: FastifyRequest): string | undefined {
  const [, encoded = ''] = /^Basic (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const [user] = Buffer.from(encoded, 'base64').toString().split(':');
  return user === '' ? undefined : user;
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .type('text/html; charset=iso-8859-1')
    .send(
      '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n</body></html>\n',
    );
}
