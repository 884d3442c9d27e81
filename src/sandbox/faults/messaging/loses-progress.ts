import type { DeclaredFault } from '../declared.ts';
import { losing } from '../messages.ts';

export const fault: DeclaredFault = {
  says: 'The bus loses what CI says of tests that are queued or run; it delivers how they ended.',
  outcome: 'passed',
  charge: null,
  hooks: losing((topic) => /\.ci\.koji-build\.test\.(queued|running)$/.test(topic)),
};
