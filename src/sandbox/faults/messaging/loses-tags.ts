import type { DeclaredFault } from '../declared.ts';
import { losing } from '../messages.ts';

export const fault: DeclaredFault = {
  says: 'The bus loses what Koji says of tags: Robosignatory does not hear of what it should sign.',
  outcome: 'failed',
  charge: 'messaging',
  hooks: losing((topic) => topic.endsWith('.buildsys.tag')),
};
