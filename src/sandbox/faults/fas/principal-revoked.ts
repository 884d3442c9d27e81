import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The principal is locked: the KDC says that its credentials have been revoked.',
  outcome: 'errored',
  charge: 'own',
  hooks: rules('fas.kdc', () => ({ principals: 'locked' })),
};
