import type { BuildFacts } from '../kit/kit.ts';
import { BUILD, type Hub, TASK, userByName } from './hub.ts';
import { kojiPort } from './port.ts';
import { newTask } from './tasks.ts';

export interface Order {
  readonly owner: string;
  /** SCM address with the commit. */
  readonly source: string;
  readonly target: string;
  readonly scratch: boolean;
  /** @defaultValue 20 */
  readonly priority?: number;
}

/** Orders a build as `koji build` does, without the wire. Tells of the complete build, or of nothing where there is none in the end. */
export function orderBuild(hub: Hub, order: Order, ended: (build: BuildFacts | undefined) => void): void {
  const { owner, source, target, scratch, priority } = order;
  const task = newTask(hub, {
    method: 'build',
    request: [source, target, scratch ? { scratch: true } : {}],
    owner: userByName(hub, owner),
    ...(priority === undefined ? {} : { priority }),
  });
  const port = kojiPort(hub);
  task.ended.push(() => {
    const made = task.state === TASK.closed ? hub.builds.findLast((build) => build.task === task) : undefined;
    ended(made?.state === BUILD.complete ? port.build(made.nvr) : undefined);
  });
  hub.start(task);
}
