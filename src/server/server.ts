import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { type FastifyInstance, type FastifyServerOptions, fastify } from 'fastify';
import { Fault } from '../core/fault.ts';
import type { Clock, Ids, Logger } from '../core/ports.ts';
import type { Check, Site } from '../core/site.ts';
import type { Store } from '../core/store.ts';
import { addRoutes } from './add-routes.ts';
import { askItself } from './ask-itself.ts';
import { answerErrors, refuseNoise, sendError } from './errors.ts';
import { HttpError } from './route.ts';

/** A text with its media type, as it is sent. */
export interface Rendered {
  readonly type: string;
  readonly body: string;
}

/** Certificate chain and key. PEM. */
export interface Pem {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** Left out, it speaks plain HTTP. */
  readonly tls?: Pem;
  readonly store: Store;
  /** As they are now: a reload makes new ones. */
  sites(): readonly Site[];
  readonly metrics: {
    /** @param accept the header as it came, empty where there is none */
    render(accept: string): Promise<Rendered>;
    /** In blackbox form; the probe and the environment exist. */
    probe(name: string, environment: string): Promise<Rendered>;
  };
  /** What has to be good for the service to be of use; may take its time, but obeys the signal. */
  readiness(signal: AbortSignal): Promise<readonly Check[]>;
  /** What has to be good for the process not to be ended and started again; looks at nothing outside of it. */
  live(): readonly Check[];
  /** When a probe is due next. Epoch ms of the environment's clock; undefined where it is not scheduled. */
  nextDue(scope: string, probe: string): number | undefined;
  /** Something was asked for in the store: whoever acts on it need not wait for its next look. */
  nudge(): void;
  /** Bearer tokens by name, read when one is to be compared; none: nobody may write. */
  tokens(): Promise<ReadonlyMap<string, string>>;
  /** The OpenAPI document, JSON. */
  openApi(): Promise<string>;
  readonly ids: Ids;
  /** The host's. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly version: string;
}

export interface Server extends AsyncDisposable {
  /** Where it really listens, without a slash at the end: `http://127.0.0.1:9842`. */
  readonly url: string;
  /** New connections get this certificate from now on. Throws where it is none; then the old one stays. */
  renewTls(pem: Pem): void;
  /** Asks it over its own listener; rejects where that does not answer. */
  answers(signal: AbortSignal): Promise<void>;
  /** Takes no more connections, lets answers under way end for a moment, then cuts what is left. Within 2 s. */
  close(): Promise<void>;
}

/** What no honest client comes near. */
const LIMITS = {
  bodyBytes: 64 * 1024,
  headerBytes: 16 * 1024,
  /** Until a request has arrived whole. Milliseconds, as all below. */
  requestMs: 10_000,
  /** Until it is answered. */
  answerMs: 20_000,
  /** Silence of a connection, also of one that does not read what it asked for. */
  silenceMs: 30_000,
  connections: 1_000,
  /** Of one address. */
  requestsPerMinute: 1_200,
} as const;

/** Answers under way may take so long after `close`. Milliseconds. */
const GRACE_MS = 1_000;

/** Listens before it returns. Throws the Fault `LISTEN_FAILED` where it cannot. */
export async function openServer(options: ServerOptions): Promise<Server> {
  const { listen, tls, log, clock } = options;
  const app = await openApp(options);
  try {
    await app.listen({ host: listen.host, port: listen.port });
  } catch (error) {
    await app.close();
    throw cannotListen(listen, error);
  }
  const server = app.server as HttpServer | HttpsServer;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : listen.port;
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host;
  let closed: Promise<void> | undefined;

  async function close(): Promise<void> {
    using grace = clock.deadline(clock.ofHost(GRACE_MS), () => new Error('answers took too long'));
    grace.signal.addEventListener('abort', () => server.closeAllConnections(), { once: true });
    await app.close();
  }

  const handle: Server = {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    renewTls(pem) {
      if ('setSecureContext' in server) server.setSecureContext({ ...TLS, ...pem });
    },
    answers: (signal) => askItself(handle.url, signal),
    close() {
      closed ??= close();
      return closed;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
  log.info({ url: handle.url }, 'answers over HTTP');
  return handle;
}

// Routes read their requests and shape their answers by their own schemas: compilers of fastify's would only cost memory, and the time to load them.
const NO_COMPILERS = {
  compilersFactory: {
    buildValidator: () => () => () => true,
    buildSerializer: () => () => (body: unknown) => JSON.stringify(body),
  },
} as unknown as NonNullable<FastifyServerOptions['schemaController']>;

const TLS = { minVersion: 'TLSv1.2' } as const;

/** A server with all its limits and routes that does not listen yet. */
async function openApp(options: ServerOptions): Promise<FastifyInstance> {
  const { tls, log } = options;
  const limits = {
    logger: false,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    handlerTimeout: LIMITS.answerMs,
    connectionTimeout: LIMITS.silenceMs,
    keepAliveTimeout: 20_000,
    forceCloseConnections: 'idle',
    clientErrorHandler: refuseNoise,
    schemaController: NO_COMPILERS,
    frameworkErrors: (error, request, reply) => void sendError(error, request, reply, log),
  } as const satisfies FastifyServerOptions;
  const http = { maxHeaderSize: LIMITS.headerBytes, headersTimeout: LIMITS.requestMs } as const;
  const app = (
    tls === undefined
      ? fastify({ ...limits, http })
      : fastify({ ...limits, https: { ...http, ...TLS, ...tls } })
  ) as FastifyInstance;
  app.server.maxConnections = LIMITS.connections;
  app.removeContentTypeParser('text/plain');
  await app.register(rateLimit, {
    max: LIMITS.requestsPerMinute,
    timeWindow: '1 minute',
    errorResponseBuilder: (_, { after }) =>
      new HttpError(429, 'too_many_requests', 'too many requests from this address', `Wait ${after}.`),
  });
  answerErrors(app, log);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Badges are shown in other people's pages.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: tls !== undefined,
  });
  // An old answer would be an old state.
  app.addHook('onSend', async (_, reply) => void reply.header('cache-control', 'no-store'));
  app.addHook('onResponse', async (request, reply) => {
    const { method, ip, routeOptions } = request;
    log.debug({ method, url: routeOptions.url, status: reply.statusCode, address: ip }, 'answered');
  });
  addRoutes(app, options);
  return app;
}

function cannotListen({ host, port }: ServerOptions['listen'], error: unknown): Fault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new Fault(`cannot listen on ${host} port ${port}: ${REASONS[code] ?? code}`, {
    code: 'LISTEN_FAILED',
    kind: 'prober',
    evidence: { host, port, error: code },
    hint: 'Choose another address or port in `listen` of packprobe.yaml, or end what uses this one.',
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EACCES: 'this user may not use that port',
  EADDRNOTAVAIL: 'this host has no such address',
  ENOTFOUND: 'this host has no such address',
};
