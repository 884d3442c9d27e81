import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The krb5.conf of this host names no KDC of the realm.',
  outcome: 'errored',
  charge: 'own',
  hooks: rules('fas.kdc', () => 'none'),
};
