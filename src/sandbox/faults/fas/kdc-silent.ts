import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The KDC never answers: every login hangs.',
  outcome: 'failed',
  charge: 'fas',
  hooks: rules('fas.kdc', () => 'silent'),
};
