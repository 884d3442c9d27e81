import { Abort, Crash, jsonify, valuesOf, type WebRequest } from './flask.ts';
import { type Check, type Checked, integer, text, Validation, valueError } from './pydantic.ts';
import { isoformat, type Micros, microsOf, offsetOf, repr } from './python.ts';
import type { Selection, Since } from './store.ts';

/** Version of pydantic, as its error addresses name it. */
export const PYDANTIC = '2.6';

/** Those of Fedora: the four of the code and its `ADDITIONAL_RESULT_OUTCOMES`. */
export const OUTCOMES = ['PASSED', 'INFO', 'FAILED', 'NEEDS_INSPECTION', 'CRASHED', 'QUEUED', 'RUNNING'];

const KNOWN = [
  '_sort',
  'limit',
  'page',
  'testcases',
  'testcases:like',
  'groups',
  '_distinct_on',
  'outcome',
  'since',
];

export interface ResultsQuery {
  readonly selection: Selection;
  readonly distinctOn: readonly string[];
  readonly sort: string;
  readonly page: Page;
}

export interface Page {
  readonly page: number;
  readonly limit: number;
}

/** 400 with what pydantic found, where it found anything. */
export function refuse(validation: Validation): void {
  if (validation.violations.length > 0) {
    throw new Abort(jsonify(400, { validation_error: validation.violations }));
  }
}

export function readPage(request: WebRequest, validation: Validation): Page {
  const query = Object.fromEntries(
    ['page', 'limit'].flatMap((name) => {
      const [value] = valuesOf(request, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
  const page = validation.field(query, 'page', integer, 0) ?? 0;
  const limit = validation.field(query, 'limit', integer, 20) ?? 20;
  return { page, limit };
}

export function readResultsQuery(request: WebRequest): ResultsQuery {
  const validation = new Validation(PYDANTIC);
  const page = readPage(request, validation);
  const [since] = valuesOf(request, 'since');
  const [outcome] = valuesOf(request, 'outcome');
  const span = since === undefined ? {} : validation.field({ since }, 'since', sinceCheck);
  const outcomes = outcome === undefined ? [] : validation.field({ outcome }, 'outcome', outcomesCheck);
  refuse(validation);
  const names = [...new Set(request.query.map(([key]) => key))].filter((key) => !KNOWN.includes(key));
  return {
    page,
    sort: valuesOf(request, '_sort')[0] ?? '',
    distinctOn: listOf(request, '_distinct_on'),
    selection: {
      since: span ?? {},
      outcomes: outcomes ?? [],
      groups: listOf(request, 'groups'),
      testcases: listOf(request, 'testcases'),
      testcasesLike: listOf(request, 'testcases:like'),
      data: names.map((key) => [key, valuesOf(request, key).flatMap((value) => value.split(','))]),
    },
  };
}

function listOf(request: WebRequest, name: string): readonly string[] {
  const values = valuesOf(request, name);
  return values.length === 1 ? items(values[0] ?? '') : values;
}

function items(value: string): readonly string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

const outcomesCheck: Check<readonly string[]> = (input) => {
  const words = items(String(input)).map((word) => word.toUpperCase());
  return words.every((word) => OUTCOMES.includes(word)) ? { value: words } : mustBeOutcome();
};

export function mustBeOutcome(): { readonly type: string; readonly msg: string } {
  return valueError(`must be one of: ${OUTCOMES.join(', ')}`);
}

/** An offset is dropped, not applied: that is what the server does. */
const sinceCheck: Check<Since> = (input) => {
  const [start, end] = String(input).split(',');
  const [from, to] = [isoMoment(start ?? ''), end === undefined ? null : isoMoment(end)];
  return from === undefined || to === undefined
    ? valueError('must be in ISO8601 format')
    : { value: { start: from, end: to ?? undefined } };
};

const ISO =
  /^(?<year>\d{4})(?:(?:-(?<month>\d{1,2})|(?<month2>\d{2}))(?:(?:-(?<day>\d{1,2})|(?<day2>\d{2}))(?:[ T](?<hour>\d{2})(?::?(?<minute>\d{2})(?::?(?<second>\d{1,2})(?:\.(?<fraction>\d+))?)?)?(?:Z|[+-]\d{2}:?(?:\d{2})?)?)?)?)?$/;

function isoMoment(text: string): Micros | undefined {
  const groups = ISO.exec(text)?.groups;
  if (groups === undefined) return undefined;
  return microsOf({
    year: groups['year'],
    month: groups['month'] ?? groups['month2'],
    day: groups['day'] ?? groups['day2'],
    hour: groups['hour'],
    minute: groups['minute'],
    second: groups['second'],
    fraction: groups['fraction'],
  });
}

const STAMP =
  /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})T(?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})\.(?<fraction>\d{1,6})(?<zone>Z|\+00|[+-]\d{2}:?\d{2})?$/;

/** Milliseconds since the epoch, or a date with a fraction; here an offset is applied. */
export const submitTime: Check<Micros | null> = (input) => {
  if (input === null) return { value: null };
  if (typeof input === 'boolean' || typeof input === 'number') return ofMilliseconds(Number(input));
  if (typeof input === 'string') {
    const groups = STAMP.exec(input)?.groups as
      | ({ year: string } & Record<string, string | undefined>)
      | undefined;
    const moment = groups === undefined ? undefined : microsOf(groups);
    if (moment !== undefined) return { value: moment - offsetOf(groups?.['zone']) };
    const ms = /^\s*[+-]?\d+\s*$/.test(input) ? ofMilliseconds(Number(input)) : undefined;
    // In a text, a year that the calendar has not is no number at all.
    if (ms !== undefined && 'value' in ms) return ms;
  }
  return valueError(
    `Expected timestamp in milliseconds or datetime (in format YYYY-MM-DDTHH:MM:SS.ffffff), got ${repr(input)}`,
  );
};

/** The first of January of the year 1. */
const FIRST_YEAR_MS = -62_135_596_800_000;
const END_MS = Date.UTC(10_000, 0);
/** Beyond, the year is too large a number for the C library. */
const LAST_MS = 6.77680361916768e19;
/** After 400 years the calendar repeats. */
const CYCLE_MS = 146_097 * 86_400_000;

/** Python's calendar has the years 1 to 9999; its clock ends later. */
function ofMilliseconds(ms: number): Checked<Micros> {
  if (!Number.isInteger(ms)) throw new Crash('integer argument expected, got float');
  if (Math.abs(ms) > LAST_MS) throw new Crash('Value too large for defined data type');
  if (ms >= FIRST_YEAR_MS && ms < END_MS) return { value: ms * 1000 };
  const cycles = Math.floor(ms / CYCLE_MS);
  const year = new Date(ms - cycles * CYCLE_MS).getUTCFullYear() + 400 * cycles;
  return valueError(`year ${year} is out of range`);
}

export const testcaseCheck: Check<Readonly<Record<string, unknown>>> = (input) => {
  const isEmpty = input === null || input === '' || input === 0 || input === false;
  const isList = Array.isArray(input);
  const nameless =
    typeof input === 'object' && input !== null && !isList && isFalse((input as { name?: unknown }).name);
  if (isEmpty || nameless || (isList && input.length === 0))
    return valueError('testcase name must be non-empty');
  if (typeof input === 'string') return { value: { name: input } };
  return typeof input === 'object' && !isList
    ? { value: input as Readonly<Record<string, unknown>> }
    : { type: 'dict_type', msg: 'Input should be a valid dictionary' };
};

function isFalse(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0 || value === false;
}

export const outcomeCheck: Check<string> = (input) => {
  const checked = text(input);
  if (!('value' in checked)) return checked;
  const word = checked.value.trim().toUpperCase();
  if (word === '') return { type: 'string_too_short', msg: 'String should have at least 1 character' };
  return OUTCOMES.includes(word) ? { value: word } : mustBeOutcome();
};

/** As ResultsDB writes a time: without a fraction where it is zero. */
export function stamp(micros: Micros): string {
  return isoformat(micros, 'if-any');
}
