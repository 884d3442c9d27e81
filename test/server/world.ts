import type { ProbePlan } from '../../src/core/plan.ts';
import type { Logger } from '../../src/core/ports.ts';
import type { Site, SiteProbe } from '../../src/core/site.ts';
import type { Store } from '../../src/core/store.ts';
import type { Charge } from '../../src/core/system.ts';
import { openServer, type Server, type ServerOptions } from '../../src/server/server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { SCOPE, storeWorld } from '../support/store-world.ts';

export const HOUR_MS = 3_600_000;
export const TOKEN = 'a-token-that-is-long-enough';

/** As `npm run docs` writes it; the server only hands it out. */
export const DOCUMENT = '{"openapi":"3.1.0"}';

export function probeOf(name: string, systems: readonly Charge[], intervalMs?: number): SiteProbe {
  return {
    name,
    plan: {
      probe: { name, description: `Walks ${name}`, timeoutMs: 8 * HOUR_MS },
      steps: [],
    } as unknown as ProbePlan,
    definition: { file: `${name}.yaml`, text: `name: ${name}` },
    package: 'gloster',
    branch: 'stable',
    schedule: undefined,
    intervalMs,
    confirm_with: undefined,
    systems,
  };
}

export function siteOf(clock: FakeClock, environment = 'test', scope = SCOPE): Site {
  const probes = [
    probeOf('single-build', ['koji', 'bodhi'], 8 * HOUR_MS),
    probeOf('scratch-build', ['koji'], HOUR_MS),
    probeOf('by-hand', ['greenwave']),
  ];
  return {
    environment: { name: environment } as Site['environment'],
    scope,
    clock,
    control: undefined,
    probes: new Map(probes.map((probe) => [probe.name, probe])),
    maxRuns: undefined,
  };
}

export interface ServerWorld extends AsyncDisposable {
  readonly server: Server;
  readonly store: Store;
  readonly clock: FakeClock;
  /** Everything that was logged, as JSON. */
  readonly logged: string[];
  readonly nudges: () => number;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** With a token, and a body where one is given. */
  write(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what came
  readonly json: any;
}

/** A real server on loopback, over a real store, on a clock that is moved. */
export async function serverWorld(change: Partial<ServerOptions> = {}): Promise<ServerWorld> {
  const { store, ...stored } = storeWorld();
  const clock = new FakeClock();
  const logged: string[] = [];
  let nudges = 0;
  const sites = [siteOf(clock)];
  const server = await openServer({
    listen: { host: '127.0.0.1', port: 0 },
    store,
    sites: () => sites,
    metrics: {
      render: async (accept) => ({ type: 'text/plain; version=0.0.4; charset=utf-8', body: `# ${accept}\n` }),
      probe: async (name, environment) => ({
        type: 'text/plain; version=0.0.4; charset=utf-8',
        body: `probe_success{} 1 # ${environment}/${name}\n`,
      }),
    },
    readiness: async () => [{ name: 'database', ok: true, text: 'takes writes', age_ms: 12 }],
    live: () => [{ name: 'loop', ok: true, text: 'comes round', age_ms: null }],
    nextDue: (_, probe) => (probe === 'by-hand' ? undefined : clock.now() + HOUR_MS),
    nudge: () => {
      nudges += 1;
    },
    tokens: async () => new Map([['ops', `${TOKEN}\n`]]),
    openApi: async () => DOCUMENT,
    ids: { uuid: () => '019a9000-0000-7000-8000-000000000000', random: () => 0.5 },
    clock,
    log: logger(logged),
    version: '0.1.0',
    ...change,
  }).catch(async (error: unknown) => {
    await stored[Symbol.asyncDispose]();
    throw error;
  });
  const ask = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text !== '' ? JSON.parse(text) : undefined,
    };
  };
  return {
    server,
    store,
    clock,
    logged,
    nudges: () => nudges,
    ask,
    write: (method, path, body) =>
      ask(path, {
        method,
        headers: {
          authorization: `Bearer ${TOKEN}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    async [Symbol.asyncDispose]() {
      await server.close();
      await stored[Symbol.asyncDispose]();
    },
  };
}

function logger(lines: string[]): Logger {
  const note = (level: string) => (fields: object, sentence: string) => {
    const plain = (_: string, value: unknown) => (value instanceof Error ? `${value.stack}` : value);
    lines.push(JSON.stringify({ level, ...fields, sentence }, plain));
  };
  const self: Logger = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => self,
  };
  return self;
}
