import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { allMethods } from '../../../src/sandbox/koji/dispatch.ts';
import { type Answer, methodCall, type Rpc, RpcFault, read, type Session } from './client.ts';
import { commitOf, hubWith, specOf, until } from './hub.ts';

const PACKAGE = 'dummy-test-package-gloster';
const COMMIT = 'a'.repeat(40);

let hub: Awaited<ReturnType<typeof hubWith>>;
let sessions: readonly (Session | undefined)[];

beforeAll(async () => {
  const world = defaultWorld();
  const root = { name: 'root', password: 'sandbox', groups: ['koji-admin'] };
  hub = await hubWith({
    files: commitOf(PACKAGE, COMMIT, specOf(PACKAGE)),
    world: { ...world, users: [...world.users, root] },
  });
  sessions = [undefined, await hub.login('packprobe', 'sandbox'), await hub.login('root', 'sandbox')];
  const source = `git+https://src.example.org/rpms/${PACKAGE}.git#${COMMIT}`;
  const task = await hub.call('build', [source, 'rawhide'], sessions[1]);
  await until(async () => (await hub.call('taskFinished', [task])) === true || undefined);
});

afterAll(() => hub[Symbol.asyncDispose]());

/** These end the sessions that the others need. */
const ENDING = new Set(['logout', 'logoutChild', 'exclusiveSession', 'disableUser', 'revokePermission']);
const METHODS = Object.keys(allMethods('later')).filter((name) => !ENDING.has(name));

const WORDS = [
  'f45',
  'f45-build',
  'rawhide',
  PACKAGE,
  `${PACKAGE}-1.0-1.fc45`,
  `${PACKAGE}-1.0-1.fc45.x86_64`,
  'packprobe',
  'default',
  'tag_listing',
  'listTagged',
  'glob',
  'regexp',
  'constructor',
  '__proto__',
  'toString',
  '../../x',
  '(*[',
  '%s%n',
  "'; DROP TABLE tag; --",
  '',
  '\u{1f600}\u00fc\n<&>',
];
const NAMES = [
  ...['strict', 'event', 'tag', 'build', 'buildID', 'taskID', 'state', 'owner', 'arch', 'tables', 'inherit'],
  ...['queryOpts', 'order', 'limit', 'offset', 'countOnly', 'asList', 'filterOpts', 'clauses', 'fields'],
  ...['__starstar', '__proto__', 'id', 'name', 'version', 'release', 'createdAfter', 'latest', 'package'],
];
const NUMBERS = [0, 1, 2, -1, 5, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e21, -1e300, 1e-7];

const leaf = fc.oneof(
  fc.constantFrom<Rpc>(...WORDS),
  fc.constantFrom<Rpc>(...NUMBERS),
  fc.constantFrom<Rpc>(null, true, false),
  fc.string({ maxLength: 12 }).map((text): Rpc => text.replace(/[^\t\n\x20-\x7e]/g, '')),
);
const value: fc.Arbitrary<Rpc> = fc.letrec<{ value: Rpc }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 4 }),
  ),
})).value;
const named = fc
  .dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 4 })
  .map((members): Rpc => ({ ...members, __starstar: true }));
const params = fc
  .tuple(fc.array(value, { maxLength: 4 }), fc.option(named, { nil: undefined }))
  .map(([positional, last]) => (last === undefined ? positional : [...positional, last]));

/** The one who sends it finds a value, a fault, or the refusal of what is no call. */
function expectAnswer({ status, headers, text }: Answer): void {
  if (status === 400) {
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toMatch(/^Invalid request: /);
    return;
  }
  expect(status).toBe(200);
  expect(headers.get('content-type')).toMatch(/^text\/xml/);
  // Whole numbers have digits alone, however large.
  expect(text).not.toMatch(/<(?:int|i8)>(?!-?\d+<)/);
  try {
    read(text);
  } catch (error) {
    if (!(error instanceof RpcFault)) throw error;
    expect(error.message.length).toBeGreaterThan(0);
  }
}

function headersOf(session: Session | undefined): Record<string, string> {
  if (session === undefined) return { 'content-type': 'text/xml' };
  const { id, key } = session;
  return { 'content-type': 'text/xml', 'koji-session-id': String(id), 'koji-session-key': key };
}

test('every method answers whatever it is given with a value or a fault, and troubles nobody', async () => {
  const call = fc.record({ method: fc.constantFrom(...METHODS), given: params, who: fc.nat({ max: 2 }) });
  await fc.assert(
    fc.asyncProperty(call, async ({ method, given, who }) => {
      expectAnswer(await hub.send(methodCall(method, given), { headers: headersOf(sessions[who]) }));
      expect(hub.troubles).toEqual([]);
    }),
    { numRuns: 400 },
  );
});

test('every method answers each kind of value in each of its places', async () => {
  const kinds: readonly Rpc[] = [null, true, -1, 1.5, 2 ** 53, '', 'constructor', [], [null], {}, { id: 1 }];
  for (const [method, { signature }] of Object.entries(allMethods('later'))) {
    if (ENDING.has(method)) continue;
    const places = Math.max(1, signature.parameters.length);
    const calls = kinds.map((kind) => ({ methodName: method, params: Array<Rpc>(places).fill(kind) }));
    const headers = headersOf(sessions[2]);
    const answer = await hub.send(methodCall('multiCall', [calls]), { headers });
    expectAnswer(answer);
    // An error that comes only while the answer is written takes the whole multicall with it.
    for (const call of answer.text.includes('<fault>') ? calls : []) {
      expectAnswer(await hub.send(methodCall(method, call.params), { headers }));
    }
    expect(hub.troubles, method).toEqual([]);
  }
});

test('bytes that are no call are refused, and the next call is answered', async () => {
  const good = methodCall('getTaskInfo', [1, { request: true, __starstar: true }]);
  const damaged = fc
    .tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 8 }), fc.uint8Array({ maxLength: 6 }))
    .map(([at, cut, put]) => {
      const bytes = Buffer.from(good);
      return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
    });
  const bytes = fc.oneof(
    damaged,
    damaged.map((one) => gzipSync(one)),
    fc.uint8Array({ minLength: 1, maxLength: 60 }).map((one) => Buffer.from(one)),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (body) => {
      expectAnswer(await hub.send(body, { headers: { 'content-type': 'text/xml' } }));
      expect(hub.troubles).toEqual([]);
    }),
    { numRuns: 150 },
  );
  expect(await hub.call('getAPIVersion')).toBe(1);
});

const nested = (open: string, close: string, depth: number) =>
  `<methodCall><methodName>echo</methodName><params><param>${open.repeat(depth)}1${close.repeat(depth)}</param></params></methodCall>`;

test.each([
  ['entities of entities', '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><methodCall/>'],
  [
    'an entity from a file',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><methodCall>&b;</methodCall>',
  ],
  ['lists in lists, deep', nested('<value><array><data>', '</data></array></value>', 60)],
  [
    'lists in lists, deeper than anybody reads',
    nested('<value><array><data>', '</data></array></value>', 50_000),
  ],
  [
    'a number of a thousand digits',
    nested('<value><int>', '</int></value>', 1).replace('1', '9'.repeat(1000)),
  ],
  [
    'a struct without names',
    '<methodCall><methodName>echo</methodName><params><param><value><struct><member/></struct></value></param></params></methodCall>',
  ],
])('%s: an answer, and no trouble', async (_name, body) => {
  expectAnswer(await hub.send(body, { headers: { 'content-type': 'text/xml' } }));
  expect(hub.troubles).toEqual([]);
});
