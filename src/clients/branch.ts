import type { PlanFacts, StepContext } from '../core/step.ts';
import { releaseOf } from './bodhi.ts';

/**
 * The dist-git branch that a step works on: what it was given, else what the probe's `branch` means today. Bodhi knows that; an environment without
 * Bodhi means what it says.
 */
export async function branchFor(ctx: StepContext, asked: string | undefined): Promise<string> {
  if (asked !== undefined && asked !== ctx.run.branch) return asked;
  if (ctx.env.systems.bodhi === undefined) return ctx.run.branch;
  return (await releaseOf(ctx)).branch;
}

/** What `plan` shows of it: only a run asks Bodhi what `stable` is. */
export function plannedBranch(asked: string | undefined, { run }: PlanFacts): string {
  const branch = asked ?? run.branch;
  return branch === 'stable' ? '<branch of stable>' : branch;
}
