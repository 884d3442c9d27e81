import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Greenwave lets everything through: it requires no tests of anything.',
  outcome: 'failed',
  charge: 'greenwave',
  hooks: rules('greenwave.decide', () => 'open'),
};
