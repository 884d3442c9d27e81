import { hubFault, meets } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'The session at the Koji hub expires once, right before the build: commands log in again.',
  outcome: 'passed',
  charge: null,
  hooks() {
    let expired = false;
    return meets(
      'koji',
      ({ call }) => call === 'build' && !expired,
      () => {
        expired = true;
        return { answer: hubFault('expired', 'session "1" has expired') };
      },
    );
  },
};
