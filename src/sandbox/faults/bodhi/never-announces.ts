import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi never says that an update is ready to be tested.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.announce', () => 'never'),
};
