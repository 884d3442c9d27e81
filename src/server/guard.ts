import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, HttpError } from './route.ts';
import type { ServerOptions } from './server.ts';
import { bearerOf, ownerOf } from './tokens.ts';

/** Failed logins of one address in a minute before it has to wait. */
const FAILED_LOGINS = 10;

const callers = new WeakMap<FastifyRequest, Caller>();

/** Who a request is from, once the guard has let it in. */
export function callerOf(request: FastifyRequest): Caller | undefined {
  return callers.get(request);
}

/** Lets only those in who have a token: before anything of the body is read. */
export function openGuard(app: FastifyInstance, { tokens, log }: Pick<ServerOptions, 'tokens' | 'log'>) {
  const failures = app.createRateLimit({ max: FAILED_LOGINS, timeWindow: '1 minute' });

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const known = new Map(
      [...(await tokens())]
        .map(([name, token]) => [name, token.trim()] as const)
        .filter(([, token]) => token !== ''),
    );
    if (known.size === 0) {
      throw new HttpError(
        403,
        'no_tokens',
        'nobody may change anything over HTTP: no token is configured',
        'Configure one, `listen: { tokens: { NAME: { file: PATH } } }`, or use the commands: packprobe schedule, incidents, runs cancel.',
      );
    }
    const before = await failures(request, { increment: false });
    if (!before.isAllowed && before.remaining <= 0) throw tooMany(reply, before.ttlInSeconds);
    const given = bearerOf(request.headers.authorization);
    const name = given === undefined ? undefined : ownerOf(given, known);
    if (name !== undefined) {
      callers.set(request, { name, address: request.ip });
      return;
    }
    const after = await failures(request);
    log.warn({ address: request.ip, url: request.routeOptions.url }, 'request without a valid token');
    if (!after.isAllowed && after.isExceeded) throw tooMany(reply, after.ttlInSeconds);
    const error = given === undefined ? '' : ', error="invalid_token"';
    reply.header('www-authenticate', `Bearer realm="packprobe"${error}`);
    throw new HttpError(
      401,
      'unauthorized',
      given === undefined ? 'this needs a bearer token' : 'this token is not known here',
      'Send `Authorization: Bearer TOKEN`.',
    );
  };
}

function tooMany(reply: FastifyReply, seconds: number): HttpError {
  reply.header('retry-after', String(Math.max(1, seconds)));
  return new HttpError(
    429,
    'too_many_requests',
    'too many failed logins from this address',
    'Wait a minute.',
  );
}
