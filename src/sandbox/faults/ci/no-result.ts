import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'CI says that its tests are complete, and not how they ended.',
  outcome: 'failed',
  charge: 'ci',
  hooks: rules('ci.run', () => 'none'),
};
