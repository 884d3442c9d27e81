import type { FastifyReply } from 'fastify';
import { stringify } from 'yaml';
import type { FaultBoard } from '../faults/fault-board.ts';
import type { OpenSystem } from '../kit/kit.ts';
import type { OpenKit } from '../kit/open-kit.ts';
import { listen, systemServer } from '../kit/server.ts';

export interface ControlOptions {
  /** Content of the environment file of this sandbox. */
  readonly environment: () => Readonly<Record<string, unknown>>;
  /** Addresses of the open systems. */
  readonly urls: () => Readonly<Record<string, string>>;
  readonly faults: FaultBoard;
  /** Asked for by `POST /stop`, after its answer. */
  readonly stop: () => void;
}

interface FaultRoute {
  readonly Params: { readonly name: string };
}

const PATHS = {
  'GET /': 'this list',
  'GET /environment': 'the environment file of this sandbox, as YAML; ?format=json',
  'GET /world': 'releases, packages and users of the sandbox, its clock and its addresses',
  'GET /truth?nvr=NVR': 'what really happened to a build, and when (epoch ms, sandbox time)',
  'GET /holdings?run=RUN': 'what of a run is still there',
  'GET /faults': 'the faults by name, and which are switched on',
  'PUT /faults/NAME': 'switches a fault on',
  'DELETE /faults/NAME': 'switches a fault off',
  'POST /stop': 'ends the sandbox',
} as const;

/** The sandbox's own door: it is no system of a distribution and no fault reaches it. */
export async function openControl(kit: OpenKit, options: ControlOptions): Promise<OpenSystem> {
  // `wire` is not asked here: whoever broke the sandbox must be able to mend it.
  const server = systemServer(
    { ...kit, hooks: { ...kit.hooks, wire: () => undefined, refuses: () => false } },
    'control',
  );
  const { faults } = options;

  server.setNotFoundHandler((request, reply) =>
    refuse(reply, 404, `the control port has no ${request.method} ${request.url}: GET / lists what there is`),
  );
  server.get('/', () => ({ sandbox: kit.world.stage, paths: PATHS, systems: options.urls() }));
  server.get<{ Querystring: { format?: string } }>('/environment', (request, reply) => {
    const environment = options.environment();
    if (request.query.format === 'json') return environment;
    if (request.query.format !== undefined && request.query.format !== 'yaml') {
      return refuse(reply, 400, `format is yaml or json, not ${request.query.format}`);
    }
    return reply.type('application/yaml; charset=utf-8').send(stringify(environment));
  });
  server.get('/world', () => {
    const { clock, world } = kit;
    return {
      stage: world.stage,
      realm: world.realm,
      clock: { epoch: clock.epoch, start: clock.start, speed: clock.speed, now: clock.now() },
      packager: world.packager,
      releases: world.releases,
      packages: world.packages,
      users: world.users.map(({ name, groups }) => ({ name, groups })),
      arches: world.arches,
      tests: world.tests,
      delays: world.delays,
      systems: options.urls(),
    };
  });
  server.get<{ Querystring: { nvr?: string } }>('/truth', (request, reply) => {
    const { nvr } = request.query;
    if (!nvr) return refuse(reply, 400, 'which build? ask /truth?nvr=NVR');
    return { nvr, events: kit.truthOf(nvr) };
  });
  server.get<{ Querystring: { run?: string } }>('/holdings', async (request, reply) => {
    const { run } = request.query;
    if (!run) return refuse(reply, 400, 'which run? ask /holdings?run=RUN');
    return { run, holdings: await kit.holdingsOf(run) };
  });
  server.get('/faults', () => ({
    faults: [...faults.known.values()].map(({ hooks: _, ...told }) => ({
      ...told,
      active: faults.isOn(told.name),
    })),
  }));
  server.put<FaultRoute>('/faults/:name', ({ params: { name } }, reply) => turn(reply, name, true));
  server.delete<FaultRoute>('/faults/:name', ({ params: { name } }, reply) => turn(reply, name, false));
  server.post('/stop', (_request, reply) => {
    // Only after the answer has left: whoever asked would else see a cut connection.
    reply.raw.once('finish', options.stop);
    return reply.code(202).send({ stopping: true });
  });
  return listen(server);

  async function turn(reply: FastifyReply, name: string, active: boolean): Promise<unknown> {
    if (await faults.turn(name, active)) return { name, active };
    const known = [...faults.known.keys()].sort().join(', ') || 'none';
    return refuse(reply, 404, `this sandbox has no fault ${name}; it has: ${known}`);
  }
}

function refuse(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).send({ error: text });
}
