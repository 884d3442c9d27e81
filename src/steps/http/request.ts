import { z } from 'zod';
import {
  type Answer,
  answerOf,
  type Expectation,
  exchange,
  isFreeHeader,
  systemOfUrl,
  type Unmet,
  unmetBy,
} from '../../clients/request.ts';
import { duration } from '../../core/duration.ts';
import { Fault } from '../../core/fault.ts';
import type { Json } from '../../core/json.ts';
import type { HttpRequest } from '../../core/ports.ts';
import { defineStep, type StepContext } from '../../core/step.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const READS: readonly unknown[] = ['GET', 'HEAD'];

const status = z.number().int().min(100).max(599);
const header = z
  .string()
  .refine(isFreeHeader, 'a header that holds no login (`token` gives one) and is not of the connection');

const input = z
  .strictObject({
    method: z.enum(METHODS).default('GET').describe('How it is asked.'),
    url: z
      .string()
      .regex(/^https?:\/\/[^\s@/?#]+([/?#]\S*)?$/i, 'an http or https address without a login in it')
      .refine((text) => URL.canParse(text), 'an address that a request can be sent to')
      .describe('What is asked for.'),
    headers: z
      .record(header, z.string().regex(/^[\t\x20-\x7e]*$/, 'one line of plain ASCII'))
      .default({})
      .describe('Sent beside User-Agent and what the content needs. None that holds a secret: see `token`.'),
    body: z.string().optional().describe('What is sent, as it stands.'),
    json: z.unknown().optional().describe('What is sent as JSON, instead of `body`.'),
    token: z
      .string()
      .min(1)
      .optional()
      .describe('Name of a secret below `identity.tokens` of the environment, sent as Authorization.'),
    token_scheme: z
      .enum(['token', 'Bearer'])
      .optional()
      .describe('Word before the token; `token` for that of a Pagure or Forgejo forge, else `Bearer`.'),
    expect: z
      .strictObject({
        status: z
          .union([status, z.array(status).min(1)])
          .optional()
          .describe('The status, or several, that count as success; every 2xx where left out.'),
        contains: z.string().optional().describe('Text that the answer must contain.'),
        json: z
          .unknown()
          .optional()
          .describe('JSON that the answer must hold; mappings and lists of it may hold more.'),
      })
      .default({})
      .describe(
        'What counts as success: `status` (one or a list; every 2xx where left out), text that the answer `contains`, `json` that it holds.',
      ),
    repeatable: z.boolean().default(false).describe('Whether it may be sent again. GET and HEAD always may.'),
    limit: duration.optional().describe('Longest time of one request in real time; 120 s where left out.'),
  })
  .refine(({ body, json }) => body === undefined || json === undefined, 'either `body` or `json`')
  .refine(
    ({ method, body, json }) => !READS.includes(method) || (body === undefined && json === undefined),
    'neither `body` nor `json` where the method is GET or HEAD',
  );

type Input = z.output<typeof input>;

export default defineStep({
  summary: 'Sends one HTTP request and compares status and content of the answer with what is expected.',
  system: undefined,
  systemOf: ({ url }, environment) => (typeof url === 'string' ? systemOfUrl(url, environment) : undefined),
  repeatable: isRepeatable,
  unbound: ['headers', 'body', 'json'],
  timeoutMs: 15 * 60_000,
  input,
  output: z.object({
    status: z.number().int().describe('Status of the answer.'),
    headers: z
      .record(z.string(), z.string())
      .describe('Headers of the answer, names in lower case, cut at 1 kB; cookies are left out.'),
    body: z.string().describe('The answer; the first 64 kB.'),
    json: z.unknown().describe('The answer as JSON; null where it is none, or longer than 64 kB.'),
  }),

  async run(given, ctx) {
    const secret = given.token === undefined ? undefined : await tokenOf(given.token, ctx);
    const request = requestOf(given, secret, ctx);
    const expected = expectationOf(given);
    // Judged while the whole answer is at hand: what a later life finds kept of it was cut.
    const send = async (signal: AbortSignal): Promise<Judged> => {
      const response = await exchange(ctx.http, request, expected, signal);
      const { answer, body } = answerOf(response, secret);
      return { answer, unmet: unmetBy(request, { ...answer, body }, expected) };
    };
    const { answer, unmet } = isRepeatable(given)
      ? await send(ctx.signal)
      : await ctx.effect<Judged>({ kind: 'http-request', find: uncertain, make: send });
    if (unmet !== null) throw new Fault(unmet.message, unmet);
    return answer;
  },
});

/** A type, not an interface: an effect keeps it as JSON. */
type Judged = {
  readonly answer: Answer;
  readonly unmet: Unmet | null;
};

function isRepeatable({ method = 'GET', repeatable = false }: Readonly<Record<string, unknown>>): boolean {
  return READS.includes(method) || repeatable === true;
}

/** Nobody can ask a server of which we know nothing whether it heard us. */
async function uncertain(): Promise<never> {
  throw new Fault(
    'whether the request was carried out is not known: packprobe was stopped while it was sent',
    {
      code: 'REQUEST_UNCERTAIN',
      kind: 'prober',
      hint: 'Look at the server whether it was, then start a new run.',
    },
  );
}

function requestOf(given: Input, secret: string | undefined, { env }: StepContext): HttpRequest {
  const { method, url, headers, body, json, limit } = given;
  const { forge } = env.systems;
  const isForge = given.token === 'forge' && (forge?.kind === 'pagure' || forge?.kind === 'forgejo');
  const scheme = given.token_scheme ?? (isForge ? 'token' : 'Bearer');
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    method,
    url,
    headers: {
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...Object.fromEntries(lower),
      ...(secret === undefined ? {} : { authorization: `${scheme} ${secret}` }),
    },
    ...(json === undefined ? (body === undefined ? {} : { body }) : { body: JSON.stringify(json) }),
    ...(limit === undefined ? {} : { limitMs: limit }),
  };
}

function expectationOf({ expect: { status: wanted = [], contains, json } }: Input): Expectation {
  return { status: [wanted].flat(), contains, json: json as Json | undefined };
}

async function tokenOf(name: string, { env, secretFile, files }: StepContext): Promise<string> {
  const secret = env.identity.tokens?.[name];
  if (secret === undefined) {
    throw new Fault(`environment ${env.name} has no token "${name}"`, {
      code: 'TOKEN_NOT_CONFIGURED',
      kind: 'prober',
      hint: `Add identity.tokens.${name} to the environment file, as {file: PATH} or {env: NAME}.`,
    });
  }
  const token = (await files.read(await secretFile(secret))).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Fault(`the token "${name}" is not one line of plain ASCII without blanks`, {
    code: 'TOKEN_UNUSABLE',
    kind: 'prober',
    hint: 'Put the bare token into the file or the variable that identity.tokens names.',
  });
}
