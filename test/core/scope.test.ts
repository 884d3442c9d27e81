import { expect, test } from 'vitest';
import { readEnvironment } from '../../src/core/config.ts';
import { environmentFacts, probeFacts, rootsOf } from '../../src/core/scope.ts';

const environment = readEnvironment(
  'e.yaml',
  `
name: e
systems:
  koji: { url: "https://koji.example.org", poll: 30s }
  messaging: { url: "amqps://guest:@bus.example.org" }
identity: { user: me, principal: me@E, keytab: { file: /secret/keytab }, tokens: { forge: { env: FORGE } } }
contact: https://example.org
`,
);

test('probe files see names and addresses, never where secrets are', () => {
  const facts = environmentFacts(environment);
  expect(facts).toEqual({
    name: 'e',
    systems: {
      koji: { url: 'https://koji.example.org', profile: 'koji', auth: 'kerberos' },
      messaging: { topic_prefix: 'org.fedoraproject.prod' },
    },
    packages: {},
    contact: 'https://example.org',
  });
});

test('the outcome of a step stands beside its outputs', () => {
  const run = { id: 'r', probe: 'p', package: 'k', branch: 'b' };
  const steps = {
    a: { outcome: 'passed', outputs: { n: 1 } },
    b: { outcome: 'skipped', outputs: null },
  } as const;
  expect(rootsOf({ run, env: {}, probe: {}, params: {}, steps })['steps']).toEqual({
    a: { n: 1, outcome: 'passed' },
    b: { outcome: 'skipped' },
  });
});

test('the timeout of a probe is text that a duration takes', () => {
  const probe = {
    name: 'p',
    description: '',
    package: undefined,
    branch: 'stable',
    timeoutMs: 28_800_000,
    schedule: undefined,
    confirm_with: undefined,
    objective: undefined,
    params: {},
  };
  expect(probeFacts(probe)).toMatchObject({ package: null, timeout: '8h 00m 00s' });
});
