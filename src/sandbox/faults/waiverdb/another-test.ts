import type { Answer } from '../../kit/kit.ts';
import type { DeclaredFault } from '../declared.ts';

export const fault: DeclaredFault = {
  says: 'WaiverDB tells each waiver for another test than the one that was waived; a good build needs none.',
  outcome: 'passed',
  charge: null,
  hooks: {
    wire: (system, { path }) =>
      system === 'waiverdb' && path.includes('/waivers/') ? { alter: misplaced } : undefined,
  },
};

function misplaced(answer: Answer): Answer {
  return { ...answer, body: answer.body.replaceAll(/("testcase": ?")([^"]*")/g, '$1another.$2') };
}
