import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi says that an update failed its tests, whatever Greenwave decides.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.gate', () => 'failed'),
};
