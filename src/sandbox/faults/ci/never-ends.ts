import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The tests of CI run for ever.',
  outcome: 'failed',
  charge: 'ci',
  hooks: rules('ci.run', () => 'never'),
};
