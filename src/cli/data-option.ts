import type { PlaceOptions } from './places.ts';
import { quoted } from './quoted.ts';

/** What a command that is named as a hint needs to find the same data. */
export function dataOption({ data }: PlaceOptions): string {
  return data === undefined ? '' : ` --data ${quoted(data)}`;
}
