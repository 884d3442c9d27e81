import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import { type FastifySchema, fastify } from 'fastify';
import { z } from 'zod';
import { addRoutes } from '../../src/server/add-routes.ts';
import { type AnswerDefinition, errorSchema, type Route } from '../../src/server/route.ts';
import type { ServerOptions } from '../../src/server/server.ts';

type Schema = Readonly<Record<string, unknown>>;

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'The request is not as described here.',
  401: 'There is no token, or one that is not known.',
  403: 'No token is configured: nobody may do this over HTTP.',
  404: 'There is no such thing.',
  409: 'It is not in the state for that; or the beginning of an id fits several.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  429: 'Too many requests, or failed logins, from this address.',
  500: 'packprobe failed at its own job; its log says why.',
  503: 'It took too long.',
};

const TAGS = [
  { name: 'health', description: 'Whether the service lives and does its work.' },
  { name: 'metrics', description: 'For Prometheus.' },
  { name: 'systems', description: 'How the systems of the workflow are.' },
  { name: 'runs', description: 'Probes, their runs and the steps of these.' },
  { name: 'incidents', description: 'Periods in which a system fails its probes.' },
  { name: 'schedule', description: 'When what is started, and why not.' },
  { name: 'api', description: 'About this interface.' },
];

/** The OpenAPI document of the server, made from the routes that it really has. */
export async function openApiDocument(): Promise<string> {
  const app = fastify();
  // It answers nothing: what schemas would become here is nobody's concern.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  const components: Record<string, Schema> = {};
  await app.register(rateLimit);
  await app.register(helmet);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'packprobe',
        description:
          'The HTTP interface of `packprobe serve`. Moments are UTC, ISO 8601; durations are milliseconds. Moments and durations of runs, incidents and due times are those of the environment, whose clock runs faster in a sandbox.',
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: 'http://127.0.0.1:9842' }],
      tags: TAGS,
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'A token of `listen.tokens`.' },
        },
      },
    },
  });
  addRoutes(app, {} as ServerOptions, (route) => schemaOf(route, components));
  await app.ready();
  const document = app.swagger() as unknown as { components: Record<string, unknown> };
  await app.close();
  const sorted = Object.fromEntries(Object.entries(components).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  document.components = { ...document.components, schemas: sorted };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function schemaOf(route: Route, components: Record<string, Schema>): FastifySchema {
  const { method, url, summary, description, tag, params, query, body, answers, guarded } = route;
  const errors = [
    ...(params === undefined && query === undefined && body === undefined ? [] : [400]),
    ...(guarded ? [401, 403] : []),
    ...(route.errors ?? []),
    ...(body === undefined ? [] : [413, 415]),
    429,
    500,
    503,
  ].filter((status) => !Object.hasOwn(answers, status));
  const input = (schema: z.ZodType) => plain(schema, 'input', components);
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    operationId: operationOf(method, url),
    ...(params === undefined ? {} : { params: input(params) }),
    ...(query === undefined ? {} : { querystring: input(query) }),
    ...(body === undefined ? {} : { body: input(body) }),
    ...(guarded ? { security: [{ token: [] }] } : {}),
    response: Object.fromEntries([
      ...Object.entries(answers).map(([status, answer]) => [status, answerOf(answer, components)]),
      ...errors.map((status) => [
        status,
        answerOf({ description: STATUS_TEXTS[status] ?? '', schema: errorSchema }, components),
      ]),
    ]),
  } as FastifySchema;
}

function answerOf({ description, schema, types }: AnswerDefinition, components: Record<string, Schema>) {
  const content =
    schema === undefined
      ? (types ?? []).map((type) => [type, { schema: isJson(type) ? {} : { type: 'string' } }] as const)
      : [['application/json', { schema: plain(schema, 'output', components) }] as const];
  return { description, content: Object.fromEntries(content) };
}

function isJson(type: string): boolean {
  return type.startsWith('application/json');
}

/** As a part of the document: what has an id stands among its components. */
function plain(schema: z.ZodType, io: 'input' | 'output', components: Record<string, Schema>): Schema {
  const {
    $schema: _,
    $defs = {},
    ...own
  } = z.toJSONSchema(schema, { io }) as Schema & {
    readonly $defs?: Readonly<Record<string, Schema>>;
  };
  const relocated = (part: Schema): Schema =>
    JSON.parse(JSON.stringify(part).replaceAll('#/$defs/', '#/components/schemas/')) as Schema;
  for (const [name, part] of Object.entries($defs)) components[name] = withoutId(relocated(part));
  const { id, ...rest } = relocated(own);
  if (typeof id !== 'string') return rest;
  components[id] = rest;
  return { $ref: `#/components/schemas/${id}` };
}

function withoutId({ id: _, ...schema }: Schema): Schema {
  return schema;
}

/** `GET /api/v1/runs/:id/steps` is `getRunsIdSteps`. */
function operationOf(method: string, url: string): string {
  const words = url.replace(/^\/api\/v1/, '').match(/[a-z]+/gi) ?? [];
  return [method.toLowerCase(), ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('');
}
