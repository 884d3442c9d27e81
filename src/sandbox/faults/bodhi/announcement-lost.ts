import type { DeclaredFault } from '../declared.ts';
import { losing } from '../messages.ts';

export const fault: DeclaredFault = {
  says: 'What Bodhi says of an update that is ready is lost on the bus: from outside, Bodhi is silent.',
  outcome: 'failed',
  charge: 'bodhi',
  hooks: losing((topic) => topic.endsWith('.koji-build-group.build.complete')),
};
