import { describe, expect, test } from 'vitest';
import { parseGatingYaml } from '../../../src/sandbox/greenwave/gating-yaml.ts';

const parse = (text: string) => parseGatingYaml(text, '<unicode string>');

describe('gating.yaml', () => {
  test('what is left out has the defaults of a remote policy', () => {
    const [policy] = parse('--- !Policy\ndecision_context: here\nrules: []\n');
    expect(policy).toMatchObject({
      id: null,
      productVersions: ['*'],
      subjectType: 'koji_build',
      decisionContext: 'here',
      rules: [],
    });
  });

  test('two documents are two policies, and dates are read as UTC', () => {
    const policies = parse(
      '--- !Policy\ndecision_context: a\nrules: []\n--- !Policy\ndecision_context: b\nrules:\n  - !PassingTestCaseRule {test_case_name: t, scenario: s, valid_since: 2026-01-01}\n',
    );
    expect(policies.map(({ decisionContext }) => decisionContext)).toEqual(['a', 'b']);
    expect(policies[1]?.rules[0]).toMatchObject({
      testCase: 't',
      scenario: 's',
      validSince: Date.UTC(2026, 0, 1),
      validUntil: null,
    });
  });

  test.each([
    ['a list', '- a\n', 'Expected mapping for !Policy tagged object'],
    ['an empty document', '---\n', 'Expected mapping for !Policy tagged object'],
    ['an id in the label', 'id: mine\nrules: []\n', "Policy 'mine': No decision contexts provided"],
    [
      'an obsolete rule',
      'decision_context: a\nrules: [!FedoraAtomicCi {}]\n',
      "Policy 'untitled': Attribute 'rules': !FedoraAtomicCi is obsolete. Please use the \"packages\" allowlist instead.",
    ],
    [
      'an open list with something in it',
      'rules: [a\n',
      "YAML Parser Error: while parsing a flow sequence\n  in \"<unicode string>\", line 1, column 8:\n    rules: [a\n           ^\nexpected ',' or ']', but got '<stream end>'\n  in \"<unicode string>\", line 2, column 1:\n    \n    ^",
    ],
    [
      'a mapping where a text is wanted',
      'decision_context: {a: b}\nrules: []\n',
      "Policy 'untitled': Attribute 'decision_context': expected a scalar node, but found mapping\n  in \"<unicode string>\", line 1, column 19:\n    decision_context: {a: b}\n                      ^",
    ],
    [
      'a second mapping on one line',
      'rules: a: b\n',
      'YAML Parser Error: mapping values are not allowed here\n  in "<unicode string>", line 1, column 9:\n    rules: a: b\n            ^',
    ],
  ])('%s is refused in the words of the server', (_name, text, message) => {
    expect(() => parse(text)).toThrow(new Error(message));
  });
});
