import { faults } from './faults.ts';
import { firstRun } from './first-run.ts';
import { ground } from './ground.ts';
import type { Group } from './harness.ts';
import { kills } from './kills.ts';
import { service } from './service.ts';
import { soak } from './soak.ts';

/** The groups of `npm run bench`, in the order in which they run. */
export const GROUPS: Readonly<Record<string, Group>> = {
  'first-run': firstRun,
  kills,
  faults,
  ground,
  service,
  soak,
};
