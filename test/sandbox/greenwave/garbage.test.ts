import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GatingYamlError, parseGatingYaml } from '../../../src/sandbox/greenwave/gating-yaml.ts';
import { gatingWorld, TEST } from '../ci/gating-world.ts';
import { anyBody, anyFields, anyJson, RUNS } from '../resultsdb/garbage.ts';

const NVR = 'dummy-test-package-waive-0-3.fc44';

async function messageOf(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toBe('application/json');
  const body = (await response.json()) as Readonly<Record<string, unknown>>;
  if (response.status < 400) return '';
  expect(Object.keys(body)).toEqual(['message']);
  return String(body['message']);
}

const ask = (url: string, body: string, type = 'application/json') =>
  fetch(`${url}/api/v1.0/decision`, { method: 'POST', headers: { 'content-type': type }, body });

const BY_CONTEXT = {
  product_version: 'fedora-44',
  decision_context: ['bodhi_update_push_testing'],
  subject_type: 'koji_build',
  subject_identifier: NVR,
  verbose: true,
  when: '2026-11-21T10:00:00.0',
  ignore_result: [1],
  ignore_waiver: [],
};
const BY_SUBJECT = {
  product_version: 'fedora-44',
  decision_context: 'bodhi_update_push_stable',
  subject: [
    { type: 'koji_build', item: NVR },
    { type: 'bodhi_update', item: 'FEDORA-2026-1' },
  ],
};
const ON_DEMAND = {
  product_version: 'fedora-44',
  subject: [{ type: 'koji_build', item: NVR }],
  rules: [
    { type: 'PassingTestCaseRule', test_case_name: TEST, scenario: 's', valid_since: '2026-01-01' },
    { type: 'RemoteRule', required: true },
  ],
  excluded_packages: ['a*'],
  packages: [],
  id: 'mine',
};

test.each([
  ['contexts', BY_CONTEXT],
  ['subjects', BY_SUBJECT],
  ['rules', ON_DEMAND],
])(
  'a question by %s with anything in its fields is decided or refused in the server’s words',
  async (_name, good) => {
    await using world = await gatingWorld();
    await fc.assert(
      fc.asyncProperty(anyFields(good), async (body) => {
        const response = await ask(world.greenwave.url, JSON.stringify(body));
        const message = await messageOf(response);
        // Python breaks where it looks into what is of another type.
        const odd = [
          'product_version',
          'decision_context',
          'when',
          'ignore_result',
          'ignore_waiver',
          'rules',
          'excluded_packages',
          'packages',
        ].some(
          (name) => JSON.stringify(body[name]) !== JSON.stringify((good as Record<string, unknown>)[name]),
        );
        expect([200, 400, 404, 415, ...(odd ? [500] : [])]).toContain(response.status);
        if (response.status === 500) expect(message).toMatch(/^The server encountered an internal error/);
      }),
      { ...RUNS, numRuns: 120 },
    );
  },
);

test.each([
  ['a page of HTML', '<!DOCTYPE html><title>Welcome</title>'],
  ['half an answer', '{"data": [{"id": 1, "outcome": "PAS'],
  ['nothing', ''],
  ['another shape', '{"results": []}'],
  ['other data', '{"data": [null]}'],
] as const)(
  '%s from ResultsDB or WaiverDB makes it answer 500 in JSON, as Flask does of what nobody catches, and the sandbox has no trouble',
  async (_name, body) => {
    for (const upstream of ['resultsdb', 'waiverdb'] as const) {
      await using world = await gatingWorld();
      world.fault({
        wire: (system) =>
          system === upstream ? { answer: { status: 200, contentType: 'text/html', body } } : undefined,
      });
      const { status, body: said } = await world.decision(NVR);
      expect(status).toBe(500);
      expect(said).toEqual({ message: expect.stringMatching(/^The server encountered an internal error/) });
      expect(world.trouble).toEqual([]);
    }
  },
);

test('a body that is no JSON object is refused', async () => {
  await using world = await gatingWorld();
  await fc.assert(
    fc.asyncProperty(anyBody, async ({ type, body }) => {
      const response = await ask(world.greenwave.url, body, type);
      await messageOf(response);
      expect([400, 415, 500]).toContain(response.status);
    }),
    RUNS,
  );
});

const yamlText = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .tuple(
      fc.constantFrom('--- !Policy\n', '---\n', '', '--- !Other\n', '- '),
      fc.array(
        fc.tuple(
          fc.constantFrom(
            'id',
            'rules',
            'product_versions',
            'decision_context',
            'decision_contexts',
            'subject_type',
            'packages',
            'x',
          ),
          fc.oneof(
            anyJson.map((value) => JSON.stringify(value)),
            fc.constantFrom(
              '[]',
              '[!PassingTestCaseRule {test_case_name: a}]',
              '[!RemoteRule {}]',
              '[!Nope {}]',
              '[a',
              '{a',
              '*x',
              '&x [*x]',
              '!!binary x',
              '!!python/object:os.system {}',
              '|\n  a',
              '? a',
              '\t',
              '"',
              '2026-01-01',
              'yes',
              '[!PassingTestCaseRule {test_case_name: [a]}]',
              '[!PassingTestCaseRule {test_case_name: a, valid_since: never}]',
            ),
          ),
        ),
        { maxLength: 5 },
      ),
    )
    .map(([head, lines]) => head + lines.map(([key, value]) => `${key}: ${value}\n`).join('')),
);

test('any text is a gating.yaml or is refused as one, in time', () =>
  fc.assert(
    fc.property(yamlText, (text) => {
      try {
        expect(Array.isArray(parseGatingYaml(text, '<byte string>'))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(GatingYamlError);
      }
    }),
    { numRuns: 2000 },
  ));
