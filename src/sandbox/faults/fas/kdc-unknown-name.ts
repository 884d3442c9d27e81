import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The name of the KDC is gone from the DNS: nobody finds it.',
  outcome: 'failed',
  charge: 'fas',
  hooks: rules('fas.kdc', () => 'unknown_name'),
};
