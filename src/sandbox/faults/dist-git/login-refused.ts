import type { WireRequest } from '../../kit/kit.ts';
import { APACHE_401, answers } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';

const isPush = ({ path }: WireRequest) => path.includes('git-receive-pack');

export const fault: DeclaredFault = {
  says: 'The git server gives everything to everybody and refuses our login where we push.',
  outcome: 'failed',
  charge: 'dist-git',
  hooks: answers('dist-git', isPush, APACHE_401),
};
