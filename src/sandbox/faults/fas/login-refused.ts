import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The key was renewed elsewhere: the KDC refuses the one in our keytab (preauthentication).',
  outcome: 'errored',
  charge: 'own',
  hooks: rules('fas.kdc', () => ({ principals: 'rekeyed' })),
};
