import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'WaiverDB is up without its database: it cannot read or store a waiver; a good build needs none.',
  outcome: 'passed',
  charge: null,
  hooks: rules('waiverdb.database', () => 'down'),
};
