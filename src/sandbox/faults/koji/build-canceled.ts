import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'Somebody cancels every build while it runs.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.build-arch', () => ({ cancel: true })),
};
