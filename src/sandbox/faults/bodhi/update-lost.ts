import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Bodhi says that it has made an update, and knows nothing of it.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: rules('bodhi.create', () => ({ forget: true })),
};
