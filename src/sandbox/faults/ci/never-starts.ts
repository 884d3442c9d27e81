import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'CI queues every test, and runs none.',
  outcome: 'failed',
  charge: 'ci',
  hooks: rules('ci.start', () => 'never'),
};
