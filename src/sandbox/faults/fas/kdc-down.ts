import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The KDC refuses the connection: nobody gets a ticket.',
  outcome: 'failed',
  charge: 'fas',
  hooks: rules('fas.kdc', () => 'refused'),
};
