import fc from 'fast-check';

/** Texts that break programs: empty, long, of other scripts, of control characters, of half a character. */
const oddText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom(
    '',
    ' ',
    'null',
    '__proto__',
    'constructor',
    "'; DROP TABLE results; --",
    '%',
    '%%%%%%%%%%%%%%%%%%%%a',
    '../../etc/passwd',
    '{dist-git}',
    '2026-13-45',
    '0000-00-00T00:00:00.0',
    '1e400',
    '-1',
    'x'.repeat(300),
    'ü'.repeat(3000),
    'a\u0000b',
    '\ud800',
    '<script>',
    'a-1-1.fc43',
  ),
);

/** Any JSON, not deep. */
export const anyJson = fc.oneof(
  oddText,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 2 ** 53, 1e300, -1e300, [], {}, [[]], [null], {
    a: { b: [] },
  }),
  fc.array(fc.oneof(oddText, fc.integer()), { maxLength: 3 }),
  fc.dictionary(oddText, fc.oneof(oddText, fc.integer()), { maxKeys: 3 }),
);

/** Objects with these fields, each left out, as it should be, or anything; and sometimes one that nobody knows. */
export function anyFields(good: Readonly<Record<string, unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.fromEntries(
    Object.entries(good).map(([name, value]) => [
      name,
      fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: anyJson }),
    ]),
  );
  return fc
    .tuple(fc.record(fields, { requiredKeys: [] }), fc.dictionary(oddText, anyJson, { maxKeys: 1 }))
    .map(([known, unknown]) => ({ ...unknown, ...known }));
}

/** Bodies that are no JSON, or not of the type that they say they are. */
export const anyBody = fc.record({
  type: fc.constantFrom(
    'application/json',
    'application/json; charset=latin1',
    'application/vnd.api+json',
    'APPLICATION/JSON',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'multipart/form-data; boundary=x',
    'application/xml',
    'x',
    '/',
    ';',
  ),
  body: fc.oneof(
    oddText,
    fc.constantFrom(
      '{',
      '[',
      '{"a":',
      '"x"',
      'nul',
      '[1,]',
      "{'a': 1}",
      '\ufeff{}',
      'NaN',
      '[['.repeat(2000),
    ),
    anyJson.map((value) => JSON.stringify(value)),
  ),
});

/** Queries with these names and others, some twice, some too long, some not well encoded. */
export function anyQuery(names: readonly string[]): fc.Arbitrary<string> {
  const value = fc.oneof(
    oddText.map((text) => encodeURIComponent(text.toWellFormed())),
    fc.integer().map(String),
    fc.constantFrom('%', '%zz', '%ff', '+', 'a%00b', ',,', '9'.repeat(30), 'x'.repeat(3500)),
  );
  return fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.constantFrom('x', 'x:like', '')), value), {
      maxLength: 4,
    })
    .map((pairs) => pairs.map(([name, text]) => `${encodeURIComponent(name)}=${text}`).join('&'));
}

/** Whether a text that PostgreSQL cannot store is anywhere inside. */
export function isUnstorable(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, entry]) => isUnstorable(key) || isUnstorable(entry));
}

export const RUNS = { numRuns: 250, endOnFailure: true } as const;
