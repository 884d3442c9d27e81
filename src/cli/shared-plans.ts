import { createHash } from 'node:crypto';
import type { ProbePlan } from '../core/plan.ts';
import type { RunHeader } from '../core/store.ts';

type PlanOf = (header: RunHeader) => Promise<ProbePlan>;

/** How many plans are kept: one for each probe and package of a large service. */
const KEPT = 256;

/** One plan for all runs of a probe on a package: a start plans all that were under way, and hundreds may be watched on for half a day. */
export function sharedPlans(planOf: PlanOf, kept = KEPT): PlanOf {
  const plans = new Map<string, Promise<ProbePlan>>();
  return (header) => {
    const key = keyOf(header);
    const plan = plans.get(key) ?? planOf(header);
    // The one that was asked for last stands last.
    plans.delete(key);
    plans.set(key, plan);
    plan.catch(() => plans.delete(key));
    const [oldest] = plans.keys();
    if (plans.size > kept && oldest !== undefined) plans.delete(oldest);
    return plan;
  };
}

/** All that a plan is made from. */
function keyOf({ definition, params, environment_definition, package: pkg, branch }: RunHeader): string {
  const parts = JSON.stringify([definition, params, environment_definition, pkg, branch]);
  return createHash('sha256').update(parts).digest('base64');
}
