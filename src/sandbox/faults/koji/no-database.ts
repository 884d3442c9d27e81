import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The Koji hub has lost its database.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.hub', () => 'no-database'),
};
