import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Every test of CI fails, whatever the package.',
  outcome: 'failed',
  charge: 'ci',
  hooks: rules('ci.run', () => 'failed'),
};
