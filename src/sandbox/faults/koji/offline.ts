import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The Koji hub says that it is offline, as in a maintenance.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.hub', () => 'offline'),
};
