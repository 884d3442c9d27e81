import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Koji does not get to tag: a build is complete, and its task never ends.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.tag', () => 'never'),
};
