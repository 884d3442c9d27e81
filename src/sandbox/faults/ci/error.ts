import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The infrastructure of CI fails under every test.',
  outcome: 'failed',
  charge: 'ci',
  hooks: rules('ci.run', () => 'error'),
};
