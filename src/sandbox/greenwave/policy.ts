export interface TestRule {
  readonly kind: 'PassingTestCaseRule';
  readonly testCase: string;
  readonly scenario: string | null;
  /** Epoch ms; the build's creation decides. */
  readonly validSince: number | null;
  readonly validUntil: number | null;
}

export interface RemoteRule {
  readonly kind: 'RemoteRule';
  readonly required: boolean;
  /** Addresses instead of the server's own. */
  readonly sources: readonly string[];
}

export type Rule = TestRule | RemoteRule;

export interface Policy {
  readonly id: string | null;
  readonly productVersions: readonly string[];
  readonly decisionContext: string | null;
  readonly decisionContexts: readonly string[];
  /** Null: any (a policy that came with the request). */
  readonly subjectType: string | null;
  /** Several kinds of subjects instead of one. */
  readonly subjectTypes?: readonly string[];
  readonly rules: readonly Rule[];
  readonly excludedPackages: readonly string[];
  readonly packages: readonly string[];
  /** For readers of the policy; no decision looks at it. */
  readonly relevance?: { readonly key: string | null; readonly value: string | null };
  /** Address of the file that it was read from; null for the server's own. */
  readonly source: string | null;
}

export function testRule(testCase: string, scenario: string | null = null): TestRule {
  return { kind: 'PassingTestCaseRule', testCase, scenario, validSince: null, validUntil: null };
}

export function contextsOf(policy: Policy): readonly string[] {
  if (policy.decisionContexts.length > 0) return policy.decisionContexts;
  return policy.decisionContext === null ? [] : [policy.decisionContext];
}

export function matchesContexts(policy: Policy, contexts: readonly string[]): boolean {
  return contexts.length === 0 || contexts.some((context) => contextsOf(policy).includes(context));
}

/** Whether a policy is about subjects of a type, or of one of its older names. */
export function matchesType(policy: Policy, names: readonly string[]): boolean {
  const { subjectType, subjectTypes = [] } = policy;
  if (subjectTypes.length > 0) return subjectTypes.some((type) => names.includes(type));
  return subjectType === null || names.includes(subjectType);
}

export function matchesVersion(policy: Policy, productVersion: string): boolean {
  return policy.productVersions.some((pattern) => fnmatch(productVersion, pattern));
}

/** Python's `fnmatch` on a case sensitive system. */
export function fnmatch(name: string, pattern: string): boolean {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] ?? '';
    const end = char === '[' ? pattern.indexOf(']', i + 2) : -1;
    if (char === '*') source += '.*';
    else if (char === '?') source += '.';
    else if (end > 0) {
      const inside = pattern.slice(i + 1, end).replaceAll('\\', '\\\\');
      source += inside.startsWith('!') ? `[^${inside.slice(1)}]` : `[${inside.replace(/^\^/, '\\^')}]`;
      i = end;
    } else source += char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  }
  return new RegExp(`^${source}$`, 's').test(name);
}

/** Two rules of equal text count once for a subject. */
export function ruleJson(rule: Rule): Readonly<Record<string, unknown>> {
  return rule.kind === 'RemoteRule'
    ? { rule: 'RemoteRule', required: rule.required, sources: rule.sources }
    : { rule: 'PassingTestCaseRule', test_case_name: rule.testCase, scenario: rule.scenario };
}

/** As `/policies` lists it. */
export function policyJson(policy: Policy): Readonly<Record<string, unknown>> {
  return {
    id: policy.id,
    product_versions: policy.productVersions,
    decision_context: policy.decisionContext,
    decision_contexts: policy.decisionContexts,
    subject_type: policy.subjectType,
    subject_types: policy.subjectTypes ?? [],
    rules: policy.rules.map(ruleJson),
    excluded_packages: policy.excludedPackages,
    packages: policy.packages,
    relevance_key: policy.relevance?.key ?? null,
    relevance_value: policy.relevance?.value ?? null,
  };
}
