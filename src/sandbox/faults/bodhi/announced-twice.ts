import type { DeclaredFault } from '../declared.ts';
import { repeating } from '../messages.ts';

export const fault: DeclaredFault = {
  says: 'What Bodhi says of an update that is ready comes twice: every test runs twice.',
  outcome: 'passed',
  charge: null,
  hooks: repeating((topic) => topic.endsWith('.koji-build-group.build.complete')),
};
