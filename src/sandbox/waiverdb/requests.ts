import { Abort, Crash, json, valuesOf, type WebRequest } from '../resultsdb/flask.ts';
import {
  type Check,
  fullText,
  integer,
  isDictionary,
  optional,
  text,
  truth,
  Validation,
  type Violation,
  valueError,
} from '../resultsdb/pydantic.ts';
import { type Micros, microsOf, offsetOf, repr } from '../resultsdb/python.ts';

const PYDANTIC = '2.13';

/** How pydantic names the model in the place of a fault: with all its validators. */
const MODEL =
  'function-after[subject_must_be_defined(), function-after[subject_must_not_conflict(), function-after[result_id_must_not_conflict(), CreateWaiver]]]';

const RESULT_CONFLICTS = ['subject_identifier', 'subject_type', 'subject', 'testcase', 'scenario'] as const;

/** The old way to name what is waived. */
export interface OldSubject {
  readonly type: string | null;
  readonly item: string | null;
  readonly original_spec_nvr: string | null;
  readonly 'productmd.compose.id': string | null;
}

export interface NewWaiver {
  readonly subject_type: string | null;
  readonly subject_identifier: string | null;
  readonly testcase: string | null;
  readonly subject: OldSubject | null;
  readonly result_id: number | null;
  readonly waived: boolean;
  readonly product_version: string;
  readonly comment: string;
  readonly username: string | null;
  readonly scenario: string | null;
}

export interface WaiverFilter {
  readonly subject_type?: string | null;
  readonly subject_identifier?: string | null;
  readonly testcase?: string | null;
  readonly scenario?: string | null;
  readonly product_version?: string | null;
  readonly username?: string | null;
  readonly proxied_by?: string | null;
  readonly since?: string | null;
}

export const FILTERS = [
  'subject_type',
  'subject_identifier',
  'testcase',
  'scenario',
  'product_version',
  'username',
  'proxied_by',
  'since',
] as const;

const oldSubject: Check<OldSubject> = (input) => {
  if (!isDictionary(input)) {
    return { type: 'model_type', msg: 'Input should be a valid dictionary or instance of TestSubject' };
  }
  const validation = new Validation(PYDANTIC);
  const field = (name: string) => validation.field(input, name, optional(text), null) ?? null;
  const subject = {
    type: field('type'),
    item: field('item'),
    original_spec_nvr: field('original_spec_nvr'),
    'productmd.compose.id': field('productmd.compose.id'),
  };
  const [first] = validation.violations;
  return first === undefined ? { value: subject } : { type: first.type, msg: first.msg, loc: first.loc };
};

/** One waiver or a list of them. Pydantic tries both and, where neither fits, lists the faults of both. */
export function readNewWaivers(body: unknown): {
  readonly many: boolean;
  readonly waivers: readonly NewWaiver[];
} {
  const one = readNewWaiver(body, [MODEL]);
  if ('waiver' in one) return { many: false, waivers: [one.waiver] };
  if (!Array.isArray(body)) {
    const validation = new Validation(PYDANTIC, [`list[${MODEL}]`]);
    validation.blame(body, [], { type: 'list_type', msg: 'Input should be a valid list' });
    throw refusal([...one.violations, ...validation.violations]);
  }
  const read = body.map((entry, i) => readNewWaiver(entry, [`list[${MODEL}]`, i]));
  const violations = read.flatMap((each) => ('violations' in each ? each.violations : []));
  if (violations.length > 0) throw refusal([...one.violations, ...violations]);
  return { many: true, waivers: read.flatMap((each) => ('waiver' in each ? [each.waiver] : [])) };
}

function readNewWaiver(
  body: unknown,
  at: readonly (string | number)[],
): { readonly waiver: NewWaiver } | { readonly violations: readonly Violation[] } {
  const validation = new Validation(PYDANTIC, at);
  if (!isDictionary(body)) {
    const msg = 'Input should be a valid dictionary or instance of CreateWaiver';
    validation.blame(body, [], { type: 'model_type', msg });
    return { violations: validation.violations };
  }
  const maybe = (name: string) => validation.field(body, name, optional(text), null) ?? null;
  const waiver: NewWaiver = {
    subject_type: maybe('subject_type'),
    subject_identifier: maybe('subject_identifier'),
    testcase: maybe('testcase'),
    subject: validation.field(body, 'subject', optional(oldSubject), null) ?? null,
    result_id: validation.field(body, 'result_id', optional(integer), null) ?? null,
    waived: validation.field(body, 'waived', truth, true) ?? true,
    product_version: validation.field(body, 'product_version', fullText) ?? '',
    comment: validation.field(body, 'comment', fullText) ?? '',
    username: maybe('username'),
    scenario: maybe('scenario'),
  };
  const conflict = validation.violations.length === 0 ? conflictOf(waiver) : undefined;
  if (conflict !== undefined) validation.blame(body, [], valueError(conflict));
  return validation.violations.length === 0 ? { waiver } : { violations: validation.violations };
}

function conflictOf(waiver: NewWaiver): string | undefined {
  if (waiver.result_id === null) {
    if (waiver.testcase === null) return 'Argument testcase is missing';
  } else if (RESULT_CONFLICTS.some((name) => waiver[name] !== null)) {
    return `result_id argument should not be used together with arguments: ${RESULT_CONFLICTS.join(', ')}`;
  }
  const named = [waiver.subject_identifier, waiver.subject_type];
  if (waiver.subject !== null && named.some((part) => part !== null)) {
    return 'subject argument should not be used together with arguments: subject_identifier, subject_type';
  }
  if (waiver.result_id === null && waiver.subject === null && named.some((part) => part === null)) {
    return 'subject must be defined using result_id or subject or both subject_identifier, subject_type';
  }
  return undefined;
}

export function readFilters(body: unknown): {
  readonly filters: readonly WaiverFilter[];
  readonly includeObsolete: boolean;
} {
  const validation = new Validation(PYDANTIC);
  const object = mapping(body);
  const check: Check<readonly unknown[]> = (input) => {
    if (!Array.isArray(input)) return { type: 'list_type', msg: 'Input should be a valid list' };
    return input.length === 0
      ? { type: 'too_short', msg: 'List should have at least 1 item after validation, not 0' }
      : { value: input };
  };
  const entries = validation.field(object, 'filters', check) ?? [];
  const filters = entries.map((entry, i) => {
    const inner = new Validation(PYDANTIC, ['filters', i]);
    const filter = isDictionary(entry)
      ? Object.fromEntries(
          FILTERS.map((name) => [name, inner.field(entry, name, optional(text), null) ?? null]),
        )
      : {};
    if (!isDictionary(entry)) {
      const msg = 'Input should be a valid dictionary or instance of WaiverFilter';
      inner.blame(entry, [], { type: 'model_type', msg });
    }
    validation.violations.push(...inner.violations);
    return filter;
  });
  const includeObsolete = validation.field(object, 'include_obsolete', truth, false) ?? false;
  if (validation.violations.length > 0) throw refusal(validation.violations);
  return { filters, includeObsolete };
}

export interface SubjectsQuery {
  readonly results: readonly { readonly subject: OldSubject; readonly testcase: string }[];
  readonly filter: WaiverFilter;
  readonly includeObsolete: boolean;
}

export function readSubjectsQuery(body: unknown): SubjectsQuery {
  const validation = new Validation(PYDANTIC);
  const object = mapping(body);
  const listCheck: Check<readonly unknown[]> = (input) =>
    Array.isArray(input) ? { value: input } : { type: 'list_type', msg: 'Input should be a valid list' };
  const entries = validation.field(object, 'results', optional(listCheck), null) ?? [];
  const results = entries.map((entry, i) => {
    const inner = new Validation(PYDANTIC, ['results', i]);
    if (!isDictionary(entry)) {
      const msg = 'Input should be a valid dictionary or instance of TestResult';
      inner.blame(entry, [], { type: 'model_type', msg });
    }
    const given = isDictionary(entry) ? entry : {};
    const testcase = isDictionary(entry) ? (inner.field(given, 'testcase', text) ?? '') : '';
    const subject = isDictionary(entry) ? inner.field(given, 'subject', oldSubject) : undefined;
    validation.violations.push(...inner.violations);
    return { testcase, subject: subject ?? NO_SUBJECT };
  });
  const maybe = (name: string) => validation.field(object, name, optional(text), null) ?? null;
  const filter: WaiverFilter = {
    testcase: maybe('testcase'),
    product_version: maybe('product_version'),
    username: maybe('username'),
    proxied_by: maybe('proxied_by'),
    since: maybe('since'),
  };
  const includeObsolete = validation.field(object, 'include_obsolete', truth, false) ?? false;
  if (validation.violations.length > 0) throw refusal(validation.violations);
  return { results, filter, includeObsolete };
}

const NO_SUBJECT: OldSubject = {
  type: null,
  item: null,
  original_spec_nvr: null,
  'productmd.compose.id': null,
};

export interface WaiversPage {
  readonly filter: WaiverFilter;
  readonly includeObsolete: boolean;
  readonly page: number;
  readonly limit: number;
}

/** Empty parameters are no filter; unknown ones are ignored. */
export function readWaiversPage(request: WebRequest): WaiversPage {
  const validation = new Validation(PYDANTIC);
  const given = Object.fromEntries([...request.query].reverse());
  const filter = Object.fromEntries(
    FILTERS.map((name) => [name, valuesOf(request, name)[0] || null]),
  ) as WaiverFilter;
  const includeObsolete = validation.field(given, 'include_obsolete', truth, false) ?? false;
  const page = validation.field(given, 'page', integer, 1) ?? 1;
  const limit = validation.field(given, 'limit', integer, 10) ?? 10;
  if (validation.violations.length > 0) throw refusal(validation.violations);
  return { filter, includeObsolete, page, limit };
}

function mapping(body: unknown): Readonly<Record<string, unknown>> {
  if (!isDictionary(body)) throw new Crash('argument after ** must be a mapping');
  return body;
}

function refusal(violations: readonly Violation[]): Abort {
  return new Abort(json(400, { validation_error: violations }));
}

const ISO =
  /^(?<year>\d{4})-?(?<month>\d{2})-?(?<day>\d{2})(?:.(?<hour>\d{2})(?::?(?<minute>\d{2})(?::?(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?)?(?<zone>Z|[+-]\d{2}:?\d{2})?)?$/;

/** `A`, `A,B` or `,B`; unlike ResultsDB's an offset counts. */
export function spanOf(since: string | null | undefined): { start?: Micros; end?: Micros } {
  if (since === null || since === undefined) return {};
  const comma = since.indexOf(',');
  const [start, end] = comma < 0 ? [since, ''] : [since.slice(0, comma), since.slice(comma + 1)];
  return {
    ...(start === '' ? {} : { start: momentOf(start) }),
    ...(end === '' ? {} : { end: momentOf(end) }),
  };
}

function momentOf(value: string): Micros {
  const groups = ISO.exec(value)?.groups;
  const moment = groups === undefined ? undefined : microsOf({ year: undefined, ...groups });
  if (moment === undefined) {
    throw new Abort(json(400, { message: { since: `Invalid isoformat string: ${repr(value)}` } }));
  }
  return moment - offsetOf(groups?.['zone']);
}
