import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The Koji hub is disabled for maintenance: only administrators are answered.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.hub', () => 'locked'),
};
