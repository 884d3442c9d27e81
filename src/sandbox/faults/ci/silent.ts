import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'CI does not hear that updates are ready: it never queues a test.',
  outcome: 'failed',
  charge: 'ci',
  hooks: rules('ci.queue', () => 'never'),
};
