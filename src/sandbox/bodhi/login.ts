import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kit } from '../kit/kit.ts';
import { refused } from './http.ts';
import { bearerOf, emailOf, type IdentityProvider, NEEDED_SCOPES } from './idp.ts';
import type { Store, User } from './model.ts';
import { ADMIN_GROUPS, ADMIN_PACKAGER_GROUPS, PACKAGER_GROUP } from './words.ts';

const TICKET_LIFE_S = 1_209_600;
/** A session that nobody used for so long is void, and its CSRF token with it. */
const SESSION_LIFE_MS = 1_200_000;

interface Session {
  readonly csrf: string;
  used: number;
}

/** Who may do what: cookies, sessions and CSRF tokens. */
export interface Login {
  /** GET /oidc/login-token. */
  loginToken(request: FastifyRequest, reply: FastifyReply): unknown;
  /** GET /csrf. */
  csrf(request: FastifyRequest, reply: FastifyReply): unknown;
  userOf(request: FastifyRequest): User | undefined;
  /** Refuses who may not use this view at all; asked before anything else is looked at. */
  permit(request: FastifyRequest, view: string, level: 'packager' | 'admin'): User;
  /** Whether a CSRF token belongs to the session of the request. */
  isTokenOf(request: FastifyRequest, token: string): boolean;
}

export const CSRF_TEXT =
  'CSRF tokens do not match.  This happens if you have the page open for a long time. Please reload the page and try to submit your data again. Make sure to save your input somewhere before reloading. ';

export function login(kit: Kit, store: Store, idp: IdentityProvider): Login {
  const tickets = new Map<string, { readonly user: User; readonly expires: number }>();
  const sessions = new Map<string, Session>();

  function userOf(request: FastifyRequest): User | undefined {
    const ticket = tickets.get(cookie(request, 'auth_tkt') ?? '');
    return ticket === undefined || ticket.expires <= kit.clock.now() ? undefined : ticket.user;
  }

  function sessionOf(request: FastifyRequest): Session | undefined {
    const session = sessions.get(cookie(request, 'session') ?? '');
    if (session === undefined || kit.clock.now() - session.used > SESSION_LIFE_MS) return undefined;
    session.used = kit.clock.now();
    return session;
  }

  return {
    userOf,

    loginToken(request, reply) {
      if (request.headers.authorization === undefined) {
        throw refused(
          'MissingAuthorizationError',
          "missing_authorization: Missing 'Authorization' in headers.",
          401,
        );
      }
      const grant = idp.introspect(bearerOf(request) ?? '');
      if (grant === undefined) {
        throw refused(
          'InvalidTokenError',
          'invalid_token: The access token provided is expired, revoked, malformed, or invalid for other reasons.',
          401,
        );
      }
      if (!NEEDED_SCOPES.every((scope) => grant.scopes.includes(scope))) {
        throw refused(
          'InsufficientScopeError',
          'insufficient_scope: The request requires higher privileges than provided by the access token.',
          403,
        );
      }
      const user = store.user(grant.user);
      user.email = emailOf(grant.user);
      user.groups = kit.world.users.find(({ name }) => name === grant.user)?.groups ?? [];
      const ticket = randomBytes(32).toString('hex');
      tickets.set(ticket, { user, expires: kit.clock.now() + TICKET_LIFE_S * 1000 });
      // The real one also has a Domain, with which clients never send it back to a host without a dot, and an end in
      // a time that is not the client's.
      return reply
        .code(202)
        .header('set-cookie', `auth_tkt=${ticket}; Max-Age=${TICKET_LIFE_S}; Path=/; SameSite=Strict`)
        .send({
          message: 'The request is accepted for processing.\n\n\n\n\n',
          code: '202 Accepted',
          title: 'Accepted',
        });
    },

    csrf(request, reply) {
      const known = sessionOf(request);
      const id = known === undefined ? randomBytes(32).toString('hex') : (cookie(request, 'session') ?? '');
      const session = known ?? { csrf: randomBytes(20).toString('hex'), used: kit.clock.now() };
      sessions.set(id, session);
      reply.header('set-cookie', `session=${id}; Path=/; SameSite=Lax`);
      return { csrf_token: session.csrf };
    },

    permit(request, view, level) {
      const user = userOf(request);
      const allowed =
        level === 'admin' ? ADMIN_GROUPS : [PACKAGER_GROUP, ...ADMIN_PACKAGER_GROUPS, ...ADMIN_GROUPS];
      if (user === undefined || !user.groups.some((group) => allowed.includes(group))) {
        throw refused('HTTPForbidden', `Unauthorized: ${view}__POST failed permission check`, 403);
      }
      return user;
    },

    isTokenOf: (request, token) => sessionOf(request)?.csrf === token,
  };
}

function cookie(request: FastifyRequest, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, ...value] = part.trim().split('=');
    if (key === name) return value.join('=');
  }
  return undefined;
}
