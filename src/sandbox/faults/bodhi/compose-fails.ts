import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Every compose of Bodhi fails and keeps its updates locked; the gate opens all the same.',
  outcome: 'passed',
  charge: null,
  hooks: rules('bodhi.compose', () => 'No space left on device'),
};
