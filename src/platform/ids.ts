import { v7 } from 'uuid';
import type { Ids } from '../core/ports.ts';

/** Run ids sort by the real time of their making, also in a sandbox. */
export const randomIds: Ids = { uuid: () => v7(), random: () => Math.random() };
