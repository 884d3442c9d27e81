import { afterEach, describe, expect, test } from 'vitest';
import { GatingYamlError, parseServerPolicies } from '../../../src/sandbox/greenwave/gating-yaml.ts';
import { openGreenwave } from '../../../src/sandbox/greenwave/open-greenwave.ts';
import type { BuildFacts, DistGitPort, KojiPort, OpenSystem } from '../../../src/sandbox/kit/kit.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';
import { openResultsdb } from '../../../src/sandbox/resultsdb/open-resultsdb.ts';
import { openWaiverdb } from '../../../src/sandbox/waiverdb/open-waiverdb.ts';
import { handClock } from '../bodhi/hand-clock.ts';

const NVR = 'pkg-1-1.fc44';
const CREATED = Date.UTC(2026, 10, 20, 12);

const opened: OpenSystem[] = [];
afterEach(async () => {
  for (const system of opened.splice(0).reverse()) await system.close();
});

interface Setting {
  /** Rules and more of one policy for everything, in YAML, or whole policies. */
  readonly policies: string;
  /** What dist-git has, by the end of the address. */
  readonly files?: Readonly<Record<string, string>>;
  readonly source?: string;
}

/** A Greenwave of these policies, with ResultsDB and WaiverDB behind it. */
async function gate({ policies, files = {}, source }: Setting) {
  const kit = openKit({
    clock: handClock(CREATED + 86_400_000),
    world: defaultWorld(),
    dir: '/nowhere',
    seed: 'rules',
    trouble: (where, error) => {
      throw new Error(where, { cause: error });
    },
  });
  const koji = {
    build: (nvr: string) => ({
      nvr,
      source: source ?? `git+https://src.example.test/rpms/${nvr.split('-')[0]}.git#${'c'.repeat(40)}`,
      creation_ts: CREATED / 1000,
    }),
  } as unknown as KojiPort & { build(nvr: string): BuildFacts };
  const distGit: DistGitPort = {
    readFile: async (pkg, _commit, path) => files[`${pkg}/${path}`],
    isOnBranch: async () => true,
    has: () => true,
  };
  const resultsdb = await openResultsdb(kit);
  opened.push(resultsdb);
  const waiverdb = await openWaiverdb(kit, { resultsdbUrl: resultsdb.url });
  opened.push(waiverdb);
  const head =
    '--- !Policy\nid: p\nproduct_versions: ["fedora-*"]\ndecision_contexts: [gate, other]\nsubject_type: koji_build\n';
  const greenwave = await openGreenwave(kit, {
    resultsdbUrl: resultsdb.url,
    waiverdbUrl: waiverdb.url,
    koji,
    distGit,
    cacheMs: 0,
    policies: policies.startsWith('---') ? policies : head + policies,
    distGitUrl: 'https://src.example.test',
  });
  opened.push(greenwave);

  async function ask(more: object = {}) {
    const response = await fetch(`${greenwave.url}/api/v1.0/decision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        product_version: 'fedora-44',
        decision_context: 'gate',
        subject: [{ type: 'koji_build', item: NVR }],
        ...more,
      }),
    });
    const body = (await response.json()) as Record<string, never>;
    return { status: response.status, body };
  }

  return {
    greenwave,
    ask,
    result: (outcome: string, testcase: string, data: object = {}) =>
      resultsdb.post({ outcome, testcase, data: { item: NVR, type: 'koji_build', ...data } }),
    async waive(testcase: string, scenario?: string) {
      const response = await fetch(`${waiverdb.url}/api/v1.0/waivers/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer packprobe' },
        body: JSON.stringify({
          subject_type: 'koji_build',
          subject_identifier: NVR,
          testcase,
          scenario,
          product_version: 'fedora-44',
          comment: 'c',
        }),
      });
      expect(response.status).toBe(201);
    },
    /** The kinds of requirements, satisfied ones first, and the summary. */
    async kinds(more: object = {}) {
      const { body } = await ask(more);
      const { satisfied_requirements, unsatisfied_requirements, summary } = body as unknown as Record<
        string,
        { type: string }[]
      > & { summary: string };
      return [
        (satisfied_requirements ?? []).map(({ type }) => type),
        (unsatisfied_requirements ?? []).map(({ type }) => type),
        summary,
      ];
    },
  };
}

const ALL_GOOD = (total: number) => `All required tests (${total} total) have passed or been waived`;
const NOTHING = 'No tests are required';

describe('a rule for a test case', () => {
  test('wants a result, and every variant of it', async () => {
    const { result, waive, kinds } = await gate({
      policies: 'rules: [!PassingTestCaseRule {test_case_name: t}]\n',
    });
    expect(await kinds()).toEqual([[], ['test-result-missing'], 'Of 1 required test, 1 result missing']);
    result('RUNNING', 't', { system_architecture: 'x86_64' });
    expect(await kinds()).toEqual([[], ['test-result-missing'], 'Of 1 required test, 1 test incomplete']);
    result('PASSED', 't', { system_architecture: 'x86_64' });
    expect(await kinds()).toEqual([['test-result-passed'], [], ALL_GOOD(1)]);
    result('FAILED', 't', { system_architecture: 'aarch64' });
    expect(await kinds()).toEqual([
      ['test-result-passed'],
      ['test-result-failed'],
      'Of 2 required tests, 1 test failed',
    ]);
    await waive('t');
    expect(await kinds()).toEqual([['test-result-failed-waived', 'test-result-passed'], [], ALL_GOOD(2)]);
  });

  test('with a scenario counts results and waivers of that scenario alone', async () => {
    const rule = (scenario: string) =>
      `  - !PassingTestCaseRule {test_case_name: t, scenario: ${scenario}}\n`;
    const { result, waive, kinds } = await gate({ policies: `rules:\n${rule('a')}${rule('b')}` });
    result('PASSED', 't', { scenario: 'a' });
    result('FAILED', 't', { scenario: 'b' });
    result('FAILED', 't', { scenario: 'c' });
    expect(await kinds()).toEqual([
      ['test-result-passed'],
      ['test-result-failed'],
      'Of 2 required tests, 1 test failed',
    ]);
    await waive('t', 'a');
    expect((await kinds())[1]).toEqual(['test-result-failed']);
    await waive('t', 'b');
    expect(await kinds()).toEqual([['test-result-passed', 'test-result-failed-waived'], [], ALL_GOOD(2)]);
  });

  test.each([
    ['valid_since: 2026-11-20', true],
    ['valid_since: 2026-11-21', false],
    ['valid_since: 2026-11-20 12:00', true],
    ['valid_until: 2026-11-20 12:00', false],
    ['valid_until: "2026-11-20T13:00:00+02:00"', false],
    ['valid_until: 2026-11-20T12:00:01Z', true],
    ['valid_since: 2026-01-01, valid_until: 2027-01-01', true],
  ])('with %s holds for a build of noon on 20 November: %s', async (dates, holds) => {
    const { kinds } = await gate({
      policies: `rules: [!PassingTestCaseRule {test_case_name: t, ${dates}}]\n`,
    });
    expect((await kinds())[1]).toEqual(holds ? ['test-result-missing'] : []);
  });

  test('counts once, however often policies ask for it', async () => {
    const policy = (id: string) =>
      `--- !Policy\nid: ${id}\nproduct_versions: ["*"]\ndecision_context: gate\nsubject_type: koji_build\nrules: [!PassingTestCaseRule {test_case_name: t}]\n`;
    const { kinds, ask } = await gate({ policies: policy('one') + policy('two') });
    expect((await kinds())[1]).toEqual(['test-result-missing']);
    expect((await ask()).body['applicable_policies']).toEqual(['one', 'two']);
  });
});

const GATING =
  '--- !Policy\ndecision_contexts: [gate]\nproduct_versions: ["fedora-44"]\nrules: [!PassingTestCaseRule {test_case_name: t}]\n';

describe('a remote rule', () => {
  test.each([
    ['{}', []],
    ['{required: false}', []],
    ['{required: true}', ['missing-gating-yaml']],
  ])('%s without a file', async (rule, unsatisfied) => {
    const { kinds } = await gate({ policies: `rules: [!RemoteRule ${rule}]\n` });
    const summary = unsatisfied.length === 0 ? NOTHING : '1 error due to missing remote rule file';
    expect(await kinds()).toEqual([[], unsatisfied, summary]);
  });

  test('a missing file that is required can be waived', async () => {
    const { kinds, waive } = await gate({ policies: 'rules: [!RemoteRule {required: true}]\n' });
    await waive('missing-gating-yaml');
    expect(await kinds()).toEqual([[], [], NOTHING]);
  });

  test('takes the policies of the file that share a context and have the product version', async () => {
    const { kinds } = await gate({
      policies: 'rules: [!RemoteRule {required: true}]\n',
      files: { 'pkg/gating.yaml': GATING },
    });
    expect((await kinds()).slice(0, 2)).toEqual([['fetched-gating-yaml'], ['test-result-missing']]);
    expect((await kinds({ decision_context: 'other' })).slice(0, 2)).toEqual([['fetched-gating-yaml'], []]);
    expect((await kinds({ product_version: 'fedora-43' })).slice(0, 2)).toEqual([
      ['fetched-gating-yaml'],
      [],
    ]);
  });

  test('looks at its own sources in their order, until one is there', async () => {
    const sources = ['first.yaml', '{subject_id}.yaml', 'third.yaml'].map(
      (file) => `"https://src.example.test/rpms/{pkg_name}/raw/{rev}/f/${file}"`,
    );
    const { ask } = await gate({
      policies: `rules: [!RemoteRule {sources: [${sources}]}]\n`,
      files: { [`pkg/${NVR}.yaml`]: GATING, 'pkg/third.yaml': 'nonsense' },
    });
    const { satisfied_requirements } = (await ask()).body as unknown as Record<string, { source: string }[]>;
    expect(satisfied_requirements?.map(({ source }) => source.split('/').at(-1))).toEqual([`${NVR}.yaml`]);
  });

  test('asks for the repository of a container, which lacks the ending of its build', async () => {
    const { kinds } = await gate({
      policies: 'rules: [!RemoteRule {required: true}]\n',
      source: `git+https://src.example.test/containers/pkg-container.git#${'c'.repeat(40)}`,
      files: { 'pkg/gating.yaml': GATING },
    });
    expect((await kinds())[0]).toEqual(['fetched-gating-yaml']);
  });

  test('leaves out the packages that its file leaves out', async () => {
    const { kinds } = await gate({
      policies: 'rules: [!RemoteRule {}]\n',
      files: { 'pkg/gating.yaml': `${GATING}excluded_packages: ["p*"]\n` },
    });
    expect(await kinds()).toEqual([['fetched-gating-yaml', 'excluded'], [], NOTHING]);
  });
});

describe('a policy', () => {
  const rules = 'rules: [!PassingTestCaseRule {test_case_name: t}]\n';

  test.each([
    ['excluded_packages: [pkg]\n', [['excluded'], [], NOTHING]],
    ['excluded_packages: ["a*", "p?g"]\n', [['excluded'], [], NOTHING]],
    ['packages: [other]\n', [[], [], NOTHING]],
    ['packages: ["pk*"]\n', [[], ['test-result-missing'], 'Of 1 required test, 1 result missing']],
    ['packages: [pkg]\nexcluded_packages: [pkg]\n', [['excluded'], [], NOTHING]],
  ])('with %j', async (lists, expected) => {
    const { kinds } = await gate({ policies: rules + lists });
    expect(await kinds()).toEqual(expected);
  });

  test('for several types of subjects holds for each of them, and for no other', async () => {
    const { ask } = await gate({
      policies: `--- !Policy\nid: p\nproduct_versions: ["fedora-4[45]"]\ndecision_context: gate\nsubject_types: [koji_build, compose]\n${rules}`,
    });
    const of = async (type: string, item: string, more = {}) =>
      (await ask({ subject: [{ type, item }], ...more })).status;
    expect(await of('koji_build', NVR)).toBe(200);
    expect(await of('brew-build', NVR)).toBe(200);
    expect(await of('compose', 'Fedora-Rawhide-1')).toBe(200);
    expect(await of('redhat-module', 'm:1')).toBe(404);
    expect(await of('koji_build', NVR, { product_version: 'fedora-43' })).toBe(404);
    expect(await of('koji_build', NVR, { decision_context: ['nobody', 'gate'] })).toBe(200);
  });

  test('is listed with all that it says', async () => {
    const { greenwave } = await gate({
      policies: `--- !Policy
id: p
product_versions: [fedora-44]
decision_context: gate
subject_types: [koji_build, compose]
packages: [a]
excluded_packages: [b]
relevance_key: product
relevance_value: fedora
rules:
  - !PassingTestCaseRule {test_case_name: t, scenario: s}
  - !RemoteRule {required: true, sources: ["https://example.test/{subject_id}"]}
`,
    });
    const response = await fetch(`${greenwave.url}/api/v1.0/policies`);
    expect(await response.json()).toEqual({
      policies: [
        {
          id: 'p',
          product_versions: ['fedora-44'],
          decision_context: 'gate',
          decision_contexts: [],
          subject_type: 'koji_build',
          subject_types: ['koji_build', 'compose'],
          rules: [
            { rule: 'PassingTestCaseRule', test_case_name: 't', scenario: 's' },
            { rule: 'RemoteRule', required: true, sources: ['https://example.test/{subject_id}'] },
          ],
          excluded_packages: ['b'],
          packages: ['a'],
          relevance_key: 'product',
          relevance_value: 'fedora',
        },
      ],
    });
  });

  test('verbose shows all results and waivers, also of tests that nobody asks for', async () => {
    const { ask, result, waive } = await gate({ policies: rules });
    result('PASSED', 't');
    result('FAILED', 'unrelated');
    await waive('unrelated');
    const { results, waivers } = (await ask({ verbose: true })).body as unknown as Record<
      string,
      { testcase: unknown }[]
    >;
    expect(results?.map(({ testcase }) => (testcase as { name: string }).name).sort()).toEqual([
      't',
      'unrelated',
    ]);
    expect(waivers?.map(({ testcase }) => testcase)).toEqual(['unrelated']);
    expect((await ask()).body).not.toHaveProperty('results');
  });

  test.each([
    ['rules: []\n', "Policy 'untitled': Attribute 'id' is required"],
    ['id: p\nrules: []\n', "Policy 'p': Attribute 'product_versions' is required"],
    ['id: p\nproduct_versions: [a]\nrules: []\n', "Policy 'p': No decision contexts provided"],
    [
      'id: p\nproduct_versions: [a]\ndecision_context: c\nrules: [!RemoteRule {required: perhaps}]\n',
      "Policy 'p': Attribute 'rules': YAML object !RemoteRule: Attribute 'required': Expected a boolean value, got: perhaps",
    ],
  ])('of the server with %j is refused', (text, message) => {
    expect(() => parseServerPolicies(text)).toThrow(new GatingYamlError(message));
  });
});
