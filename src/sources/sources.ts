import type { Source } from '../core/event.ts';
import { bodhiSource } from './bodhi.ts';
import { datagrepperSource } from './datagrepper.ts';
import { greenwaveSource } from './greenwave.ts';
import { kojiSource } from './koji.ts';
import type { SourceOptions } from './options.ts';
import { resultsdbSource } from './resultsdb.ts';

/** One source for each system that the environment has; one set serves all runs of the process. */
export function sourcesOf(options: SourceOptions): Source[] {
  const { koji, bodhi, resultsdb, greenwave, datagrepper } = options.env.systems;
  return [
    ...(koji === undefined ? [] : [kojiSource(options)]),
    ...(bodhi === undefined ? [] : [bodhiSource(options)]),
    ...(resultsdb === undefined ? [] : [resultsdbSource(options)]),
    ...(greenwave === undefined ? [] : [greenwaveSource(options)]),
    ...(datagrepper === undefined ? [] : [datagrepperSource(options)]),
  ];
}
