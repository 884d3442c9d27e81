import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The clock of the KDC is an hour ahead of ours, and kinit corrects itself by it.',
  outcome: 'passed',
  charge: null,
  hooks: rules('fas.kdc', () => ({ clock_offset_s: 3600 })),
};
