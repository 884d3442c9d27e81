import { z } from 'zod';
import { nearest } from '../core/suggest.ts';
import type { ServerOptions } from './server.ts';

/** An answer that says no. Its text reaches whoever asked: no secrets, no paths. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly statusCode: number;
  /** One word for programs. */
  readonly error: string;
  readonly hint: string | null;

  constructor(statusCode: number, error: string, message: string, hint: string | null = null) {
    super(message);
    this.statusCode = statusCode;
    this.error = error;
    this.hint = hint;
  }
}

/** The body of every answer that says no. */
export const errorSchema = z
  .strictObject({
    error: z.string().describe('One word for programs.'),
    message: z.string().describe('What happened.'),
    hint: z.string().nullable().describe('What to do about it, where that is known.'),
  })
  .meta({ id: 'Error' });

/** Whoever writes: the name of the token, and the address that the request came from. */
export interface Caller {
  readonly name: string;
  readonly address: string;
}

export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Aborts when whoever asked has gone, or when it takes too long. */
  readonly signal: AbortSignal;
  readonly accept: string;
}

export interface Reply<Answer> {
  /** @defaultValue that of the first answer of the route */
  readonly status?: number;
  /** Left out, the answer is JSON. */
  readonly type?: string;
  readonly body: Answer;
}

/** What an answer holds: a schema of JSON, or the media types of a text. */
export interface AnswerDefinition {
  readonly description: string;
  readonly schema?: z.ZodType;
  readonly types?: readonly string[];
}

export type Tag = 'health' | 'metrics' | 'runs' | 'systems' | 'schedule' | 'incidents' | 'api';

interface About {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** In the form of fastify: `/api/v1/runs/:id`. */
  readonly url: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: Tag;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** The good one first. */
  readonly answers: Readonly<Record<number, AnswerDefinition>>;
  /** Statuses of the errors that it may answer with, beside those that any route has. */
  readonly errors?: readonly number[];
}

/** A route as the server holds it, its inputs read by its own schemas. */
export interface Route extends About {
  /** Whether only who has a token may do it. */
  readonly guarded: boolean;
  handle(
    asked: Asked<unknown, unknown, unknown>,
    world: ServerOptions,
    caller: Caller | undefined,
  ): Promise<Reply<unknown>>;
}

const nothing = z.strictObject({});
type Nothing = z.output<typeof nothing>;

type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : Nothing;

interface Definition<P, Q, B> extends Omit<About, 'params' | 'query' | 'body'> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
}

/** A route that everybody may ask who reaches the server. */
export function open<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  definition: Definition<P, Q, B> & {
    handle(
      asked: Asked<OutputOf<P>, OutputOf<Q>, OutputOf<B>>,
      world: ServerOptions,
    ): Promise<Reply<unknown>>;
  },
): Route {
  return { ...(definition as unknown as Route), guarded: false };
}

/** A route that changes something: only with a token. */
export function guarded<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  definition: Definition<P, Q, B> & {
    handle(
      asked: Asked<OutputOf<P>, OutputOf<Q>, OutputOf<B>>,
      world: ServerOptions,
      caller: Caller,
    ): Promise<Reply<unknown>>;
  },
): Route {
  return { ...(definition as unknown as Route), guarded: true };
}

/** Where a value of a request stood, for messages. */
export type Part = 'parameter' | 'path' | 'body';

/** Reads a part of a request by its schema; what it does not take is a 400 that names it, with the nearest name that there is. */
export function readPart(schema: z.ZodType | undefined, part: Part, value: unknown): unknown {
  const result = (schema ?? nothing).safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const [unknown = ''] = issue.keys;
    const near = nearest(unknown, known);
    throw new HttpError(
      400,
      'bad_request',
      `there is no ${part === 'body' ? 'key' : 'parameter'} "${printable(unknown)}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
      known.length === 0 ? 'None is taken here.' : `Known: ${known.join(', ')}.`,
    );
  }
  const name = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_type' && issue.path.length === 1 && isMissing(value, name)) {
    throw new HttpError(
      400,
      'bad_request',
      `the ${part === 'body' ? 'key' : 'parameter'} "${printable(name)}" is missing`,
    );
  }
  throw new HttpError(
    400,
    'bad_request',
    `${name === '' ? `the ${part}` : `"${printable(name)}"`}: ${issue?.message ?? 'is not as expected'}`,
  );
}

function isMissing(value: unknown, name: string): boolean {
  return typeof value !== 'object' || value === null || !(name in value);
}

/** What somebody sent, short enough and plain enough to be said back. */
export function printable(text: string): string {
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return plain.length <= 80 ? plain : `${plain.slice(0, 79)}…`;
}

/** Refuses a name that is not among those known. */
export function unknownName(what: string, name: string, known: readonly string[]): HttpError {
  const near = nearest(name, known);
  return new HttpError(
    404,
    'not_found',
    `there is no ${what} "${printable(name)}"${near === undefined ? '' : `; did you mean "${near}"?`}`,
    known.length === 0 ? null : `Known: ${known.join(', ')}.`,
  );
}
