import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kit, OpenSystem } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import { str } from '../resultsdb/python.ts';
import { readBodies } from './http.ts';
import { type Fields, readFields } from './schema.ts';

/** What a scope must hold before Bodhi takes a token. */
export const NEEDED_SCOPES: readonly string[] = [
  'openid',
  'email',
  'profile',
  'https://id.fedoraproject.org/scope/groups',
  'https://id.fedoraproject.org/scope/agreements',
];

/** How long the command believes in an access token. Seconds of its own, real time. */
const TOKEN_LIFE_S = 3600;

interface Grant {
  readonly user: string;
  readonly scopes: readonly string[];
}

interface AccessToken extends Grant {
  /** Sandbox time, epoch ms. */
  readonly expires: number;
}

export interface IdentityProvider extends OpenSystem {
  /** Whom a token belongs to; undefined for one that is unknown or too old. */
  introspect(token: string): Grant | undefined;
}

/** The address of a user, as the identity provider tells it. */
export function emailOf(user: string): string {
  return `${user}@example.test`;
}

/**
 * The OpenID provider under `/openidc`, charged to fas. Who comes without a word is the world's packager, as a valid ticket would say; Basic
 * credentials of the world's users log in as somebody else.
 */
export async function openIdentityProvider(kit: Kit): Promise<IdentityProvider> {
  const codes = new Map<string, Grant>();
  const refreshes = new Map<string, Grant>();
  const tokens = new Map<string, AccessToken>();
  const server = systemServer(kit, 'fas', (request) => request.routeOptions.url);
  readBodies(server);

  const introspect = (token: string) => {
    const known = tokens.get(token);
    return known === undefined || known.expires <= kit.clock.now() ? undefined : known;
  };
  const base = (request: FastifyRequest) => `http://${request.host}/openidc`;

  server.get('/openidc/.well-known/openid-configuration', (request) => ({
    issuer: `${base(request)}/`,
    authorization_endpoint: `${base(request)}/Authorization`,
    token_endpoint: `${base(request)}/Token`,
    userinfo_endpoint: `${base(request)}/UserInfo`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'oob'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    scopes_supported: NEEDED_SCOPES,
  }));

  server.get('/openidc/Authorization', (request, reply) => {
    const user = whoIs(kit, request);
    if (user === undefined) {
      return page(reply.code(401).header('www-authenticate', 'Negotiate'), '401 Unauthorized');
    }
    const { values } = readFields(
      request.query as Fields,
      { state: { kind: 'text', missing: '' }, scope: { kind: 'text', missing: '' } },
      'querystring',
    );
    const code = secret();
    codes.set(code, { user, scopes: String(values['scope']).split(/\s+/) });
    return page(reply, `code=${code}&state=${String(values['state']).replace(/[^\w-]/g, '')}`);
  });

  server.post('/openidc/Token', (request, reply) => {
    const sent = (request.body ?? {}) as Fields;
    const from = sent['grant_type'] === 'refresh_token' ? refreshes : codes;
    const key = str(sent[sent['grant_type'] === 'refresh_token' ? 'refresh_token' : 'code']);
    const grant = from.get(key);
    if (grant === undefined) {
      return reply.code(400).send({ error: 'invalid_grant', error_description: 'Invalid code or token' });
    }
    from.delete(key);
    const access = secret();
    const refresh = secret();
    tokens.set(access, { ...grant, expires: kit.clock.now() + TOKEN_LIFE_S * 1000 * kit.clock.speed });
    refreshes.set(refresh, grant);
    return {
      access_token: access,
      refresh_token: refresh,
      expires_in: TOKEN_LIFE_S,
      id_token: `${secret()}.${secret()}.${secret()}`,
      token_type: 'Bearer',
    };
  });

  server.get('/openidc/UserInfo', (request, reply) => {
    const token = bearerOf(request);
    const grant = token === undefined ? undefined : introspect(token);
    if (grant === undefined) return reply.code(401).send({ error: 'invalid_token' });
    return {
      sub: grant.user,
      nickname: grant.user,
      email: emailOf(grant.user),
      groups: kit.world.users.find(({ name }) => name === grant.user)?.groups ?? [],
    };
  });

  const open = await listen(server);
  return { url: `${open.url}/openidc`, close: () => open.close(), introspect };
}

/** The token of a Bearer header. */
export function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

function whoIs(kit: Kit, request: FastifyRequest): string | undefined {
  const [, encoded] = /^Basic\s+(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (encoded === undefined) return kit.world.packager;
  const [name, ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  return kit.world.users.find((user) => user.name === name && user.password === password.join(':'))?.name;
}

function secret(): string {
  return randomBytes(24).toString('base64url');
}

function page(reply: FastifyReply, title: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .send(`<html><head><title>${title}</title></head><body>${title}</body></html>`);
}
