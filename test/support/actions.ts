import type { Action, StepDefinition } from '../../src/core/step.ts';
import { ROOT, sourceFiles } from './sources.ts';

/** Every action that ships, by its name, as the program finds them. */
export async function shippedActions(): Promise<ReadonlyMap<string, Action>> {
  const entries = sourceFiles('src/steps').map(async (file): Promise<[string, Action]> => {
    const uses = file.replace(/^src\/steps\//, '').replace(/\.ts$/, '');
    const { default: definition } = (await import(`${ROOT}/${file}`)) as { readonly default: StepDefinition };
    return [uses, { uses, definition }];
  });
  return new Map(await Promise.all(entries));
}
