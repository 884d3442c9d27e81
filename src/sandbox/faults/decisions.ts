import type { Answer, Hooks } from '../kit/kit.ts';

/** One entry of Greenwave's lists of requirements. */
export type Requirement = Readonly<Record<string, unknown>>;

export interface Decision {
  readonly policies_satisfied: boolean;
  readonly summary: string;
  readonly satisfied_requirements: readonly Requirement[];
  readonly unsatisfied_requirements: readonly Requirement[];
}

/** Greenwave decides by its rules, and tells this instead: to Bodhi as to everybody. */
export function telling(instead: (decision: Decision) => Decision): Pick<Hooks, 'wire'> {
  const alter = (answer: Answer): Answer => {
    if (answer.status !== 200) return answer;
    const told = instead(JSON.parse(answer.body) as Decision);
    return { ...answer, body: JSON.stringify(told) };
  };
  return {
    wire: (system, { path }) =>
      system === 'greenwave' && path.startsWith('/api/v1.0/decision') ? { alter } : undefined,
  };
}

/** Tells something else of every test that has passed; what says nothing of a test stays as it is. */
export function insteadOfPassed(
  decision: Decision,
  { type, words }: { readonly type: string; readonly words: string },
): Decision {
  const passed = decision.satisfied_requirements.filter((one) => one['type'] === 'test-result-passed');
  if (passed.length === 0) return decision;
  const others = decision.satisfied_requirements.filter((one) => one['type'] !== 'test-result-passed');
  const refused = [...decision.unsatisfied_requirements, ...passed.map((one) => ({ ...one, type }))];
  return {
    ...decision,
    policies_satisfied: false,
    summary: `Of ${passed.length} required tests, ${passed.length} ${words}`,
    satisfied_requirements: others,
    unsatisfied_requirements: refused,
  };
}
