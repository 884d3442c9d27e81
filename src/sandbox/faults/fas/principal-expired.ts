import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The principal has expired in the database of the KDC.',
  outcome: 'errored',
  charge: 'own',
  hooks: rules('fas.kdc', () => ({ principals: 'expired' })),
};
