import type { WireRequest } from '../../kit/kit.ts';
import { APACHE_403, answers } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const isPush = ({ path }: WireRequest) => path.includes('git-receive-pack');

export const fault: DeclaredFault = {
  says: 'The git server forbids every push with HTTP 403.',
  outcome: 'failed',
  charge: 'dist-git',
  hooks: answers('dist-git', isPush, APACHE_403),
};
