import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import { parseIsoTime } from '../core/iso-time.ts';
import { SYSTEMS } from '../core/system.ts';

export const OUTCOMES = ['passed', 'failed', 'errored', 'cancelled'] as const;
export const RUN_STATES = ['executing', 'finalizing', 'finished'] as const;
export const CHARGES = [...SYSTEMS, 'own'] as const;

const NAME = 'a name of lower case letters, digits and dashes';

/** Name of an environment or of a probe. */
export const name = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9-]*$/, NAME);

export const environment = name.describe('Name of an environment.');
export const probe = name.describe('Name of a probe.');
export const outcome = z.enum(OUTCOMES, `one of ${OUTCOMES.join(', ')}`);
export const stepOutcome = z.enum([...OUTCOMES, 'skipped'], `one of ${OUTCOMES.join(', ')}, skipped`);
export const system = z.enum(CHARGES, `one of ${CHARGES.join(', ')}`).describe('Who is charged.');

const ID = 'the id of a run, or its beginning: hexadecimal digits and dashes';

export const runId = z
  .string()
  .regex(/^[0-9a-f-]{4,36}$/, ID)
  .describe('Id of a run, or a beginning of it that fits only one.');

export const incidentId = z
  .string()
  .regex(/^[0-9a-f-]{36}$/, 'the id of an incident: hexadecimal digits and dashes')
  .describe('Id of an incident.');

const INSTANT = 'a time in UTC such as `2026-11-21T08:00Z`';

export const since = z
  .string()
  .max(40)
  .refine((text) => parseIsoTime(text) !== undefined, INSTANT)
  .describe(`Only what is not older: ${INSTANT}.`);

/** A moment that lies ahead, or how far ahead it lies. */
export const until = z
  .string()
  .max(40)
  .refine(
    (text) => parseIsoTime(text) !== undefined || parseDuration(text) !== undefined,
    `${INSTANT}, or a duration such as \`2h\``,
  )
  .describe('A time in UTC such as `2026-11-21T08:00Z`, or a duration from now such as `2h`.');

const NEXT = '`next` of the page before';
const cursor = (form: RegExp) =>
  z.string().regex(form, NEXT).describe('Next page: `next` of the one before.');

export const runCursor = cursor(/^[0-9a-f-]{1,36}$/);
export const stepCursor = cursor(/^[0-9a-f-]{1,36}\.\d{1,6}$/);
export const rowCursor = cursor(/^\d{1,15}$/);
export const nameCursor = cursor(/^[a-z][a-z0-9-]{0,99}\/[a-z][a-z0-9-]{0,99}$/);

const LIMIT = 'a whole number from 1 to 200';

/** What every list takes beside the cursor, whose forms differ. */
export const paging = {
  limit: z.coerce
    .number(LIMIT)
    .int(LIMIT)
    .min(1, LIMIT)
    .max(200, LIMIT)
    .default(50)
    .describe('Most items of a page.'),
} as const;
