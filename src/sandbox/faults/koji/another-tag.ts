import type { DeclaredFault } from '../declared.ts';
import { rules } from '../front-end.ts';

export const fault: DeclaredFault = {
  says: 'The targets of Koji are wrong: builds get into the override tag, and not into the candidate tag.',
  outcome: 'failed',
  charge: 'koji',
  hooks: rules('koji.tag', (subject) => {
    const [, tag = ''] = subject.split(' ');
    return { into: tag.replace(/-updates-candidate$/, '-override') };
  }),
};
