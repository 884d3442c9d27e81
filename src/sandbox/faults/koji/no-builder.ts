import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'No builder takes a build: its task stays FREE.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.schedule', (subject) => (subject.startsWith('build ') ? 'never' : undefined)),
};
