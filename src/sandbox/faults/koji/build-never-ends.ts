import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Builders take the build of an architecture and never end it.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.build-arch', () => 'never'),
};
