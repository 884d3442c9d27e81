import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi does not tag builds for signing.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.tag-signing', () => 'never'),
};
