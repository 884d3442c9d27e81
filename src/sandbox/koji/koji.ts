import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BuildFacts, Holding, Kit, KojiPort, OpenSystem } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import { buildArch, runBuild, runTagBuild } from './build-task.ts';
import { runChainBuild } from './chain-task.ts';
import { allMethods, dispatch } from './dispatch.ts';
import { FAULT, generic, KojiFault } from './faults.ts';
import { topFile } from './files.ts';
import { furnish } from './furnish.ts';
import { emptyHub, type Hub, type KojiDependencies, TASK_NAMES, type Task } from './hub.ts';
import { KOJI_VERSION } from './methods/session-methods.ts';
import { type Order, orderBuild } from './order.ts';
import { kojiPort } from './port.ts';
import { createRepo, newRepo, waitRepo, watchBuildTags } from './repo-task.ts';
import { type Limits, retire } from './retire.ts';
import { isScmUrl, readScmUrl } from './scm.ts';
import { findCaller } from './sessions.ts';
import { buildSrpmFromScm, rebuildSrpm } from './srpm-task.ts';
import { hasEnded } from './tasks.ts';
import { upload } from './uploads.ts';
import { webAnswer } from './web.ts';
import { live, type Work } from './worker.ts';
import { XmlError } from './xml.ts';
import { decodeCall, encodeFault, encodeResponse } from './xmlrpc.ts';

const WORK: Readonly<Record<string, Work>> = {
  build: runBuild,
  chainbuild: runChainBuild,
  buildSRPMFromSCM: buildSrpmFromScm,
  rebuildSRPM: rebuildSrpm,
  buildArch,
  tagBuild: runTagBuild,
  newRepo,
  createrepo: createRepo,
  waitrepo: waitRepo,
};

/** `MaxRequestLength` of a hub that does not set it. */
const LONGEST_REQUEST = 4_194_304;

/** A hub with its builders: XML-RPC on every path but `/kojifiles`, the files of tasks and builds, and `/koji`, the pages for people. */
export interface OpenKoji extends OpenSystem {
  readonly port: KojiPort;
  /** For packagers who live inside the sandbox. */
  readonly inside: {
    order(order: Order, ended: (build: BuildFacts | undefined) => void): void;
    retire(limits: Limits): void;
  };
}

export async function openKoji(kit: Kit, dependencies: KojiDependencies): Promise<OpenKoji> {
  const hub = emptyHub(kit, dependencies);
  hub.start = (task) => void live(hub, task, WORK[task.method]);
  furnish(hub);
  watchBuildTags(hub);
  kit.holdings((run) => openTasksOf(hub, run));

  const methods = allMethods(dependencies.generation ?? 'later');
  const server = systemServer(kit, 'koji', nameOfCall);
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.addHook('onRequest', async (request) => {
    // The hub looks at the content type for uploads alone, Fastify refuses one that it cannot read.
    if (!isUpload(request)) request.raw.headers['content-type'] = 'text/xml';
  });
  server.get('/kojifiles/*', async (request, reply) => {
    const content = topFile(hub, (request.params as { '*': string })['*']);
    if (content === undefined) return reply.code(404).type('text/html').send('<h1>404 Not Found</h1>\n');
    return reply.type(/\.rpm$/.test(request.url) ? 'application/x-rpm' : 'text/plain').send(content);
  });
  server.get('/koji', async (_request, reply) => reply.redirect('/koji/', 301));
  server.get('/koji/*', async (request, reply) => {
    const { pathname, searchParams } = new URL(request.url, hub.url);
    const { status, type, body } = webAnswer(hub, pathname, searchParams);
    return reply.code(status).type(type).send(body);
  });
  server.all('/*', async (request, reply) => {
    void reply.header('Koji-Version', KOJI_VERSION);
    if (request.method !== 'POST') return refuseMethod(reply);
    return answer(hub, request, reply, (bytes, query) => {
      const claim = { headers: request.headers, query };
      if (!isUpload(request)) return dispatch(hub, methods, decodeCall(bytes), claim);
      const session = query.includes('session-id') ? query : '';
      const caller = findCaller(hub, { headers: request.headers, query: session, method: undefined });
      return upload(hub, caller, new URLSearchParams(query), bytes);
    });
  });
  const open = await listen(server);
  hub.url = open.url;
  const inside: OpenKoji['inside'] = {
    order: (order, ended) => orderBuild(hub, order, ended),
    retire: (limits) => retire(hub, limits),
  };
  return { ...open, port: kojiPort(hub), inside };
}

function isUpload(request: FastifyRequest): boolean {
  return (request.headers['content-type'] ?? '').startsWith('application/octet-stream');
}

/** The method's name, for faults that hit only some calls; read loosely, because it may be no XML at all. */
function nameOfCall(request: FastifyRequest): string | undefined {
  if (!Buffer.isBuffer(request.body)) return undefined;
  return /<methodName>([^<]*)<\/methodName>/.exec(request.body.subarray(0, 1000).toString())?.[1];
}

function refuseMethod(reply: FastifyReply): FastifyReply {
  return reply
    .code(405)
    .header('Allow', 'POST')
    .header('Content-Type', 'text/plain')
    .send('Method Not Allowed\nThis is an XML-RPC server. Only POST requests are accepted.\n');
}

function answer(
  hub: Hub,
  request: FastifyRequest,
  reply: FastifyReply,
  act: (bytes: Buffer, query: string) => Parameters<typeof encodeResponse>[0],
): FastifyReply {
  const send = (body: string) => reply.header('Content-Type', 'text/xml').send(Buffer.from(body));
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const [, query = ''] = request.url.split('?');
  const isRelease = hub.deps.generation === 'release';
  const refuse = (text: string) =>
    reply.code(400).header('Content-Type', 'text/plain').send(`Invalid request: ${text}\n`);
  try {
    assertOpen(hub);
    if (bytes.length > LONGEST_REQUEST && !isUpload(request)) {
      return isRelease ? send(encodeFault(generic('Request too long'))) : refuse('Request too long');
    }
    if (bytes.length === 0 && !isUpload(request) && !isRelease) return refuse('Empty request');
    return send(encodeResponse(act(bytes, query)));
  } catch (error) {
    if (error instanceof XmlError && !isRelease) return refuse(error.message);
    if (error instanceof XmlError) {
      return send(encodeFault({ code: 1, message: `<class '${error.type}'>: ${error.message}` }));
    }
    if (error instanceof KojiFault) return send(encodeFault(error));
    hub.kit.trouble(`koji ${request.url}`, error);
    return send(encodeFault({ code: 1, message: `<class 'Exception'>: ${error}` }));
  }
}

/** A hub that is shut, or has lost its database, does not even read what it is sent. */
function assertOpen(hub: Hub): void {
  const state = hub.kit.hooks.rule('koji.hub', 'kojihub');
  if (state === 'offline') throw new KojiFault(FAULT.offline, 'server is offline');
  if (state === 'no-database') throw new KojiFault(FAULT.offline, 'database outage');
}

/** Open tasks of a run: its id stands in the options of the task, or in the message of the commit that it builds. */
async function openTasksOf(hub: Hub, run: string): Promise<readonly Holding[]> {
  const open = hub.tasks.filter(
    (task) => task.parent === null && task.owner.name === hub.kit.world.packager && !hasEnded(task),
  );
  const mine = await Promise.all(open.map((task) => isOfRun(hub, task, run)));
  return open
    .filter((_, index) => mine[index])
    .map((task) => ({
      system: 'koji',
      kind: 'koji-task',
      id: String(task.id),
      state: TASK_NAMES[task.state] ?? 'FREE',
    }));
}

async function isOfRun(hub: Hub, task: Task, run: string): Promise<boolean> {
  if (JSON.stringify(task.request).includes(run)) return true;
  const source = sourceOf(hub, task);
  if (source === undefined || !isScmUrl(source)) return false;
  const { pkg, revision } = readScmUrl(source);
  const message = await hub.deps.messageOf?.(pkg, revision);
  return message?.includes(run) ?? false;
}

function sourceOf(hub: Hub, { method, request }: Task): string | undefined {
  if (method === 'tagBuild') return hub.builds.find(({ id }) => id === request[1])?.source ?? undefined;
  return method === 'build' && typeof request[0] === 'string' ? request[0] : undefined;
}
